package main

import (
	"context"
	"flag"
	"strings"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
)

// work is what the process does when a runner has started it as a process environment, with -provision_endpoint, where it
// learns the rest, and Beam's -id. It ends when the runner closes the connection.
func work(ctx context.Context, endpoint string) error {
	id := strings.Trim(flag.Lookup("id").Value.String(), "'") // Prism quotes it as for a shell
	ctx = grpcx.WriteWorkerID(ctx, id)
	info, err := tools.ProvisionInfo(ctx, endpoint)
	if err != nil {
		return err
	}
	return harness.MainWithOptions(ctx, info.GetLoggingEndpoint().GetUrl(), info.GetControlEndpoint().GetUrl(), harness.Options{
		RunnerCapabilities: info.GetRunnerCapabilities(),
		StatusEndpoint:     info.GetStatusEndpoint().GetUrl(),
	})
}
