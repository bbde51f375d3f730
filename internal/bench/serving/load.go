package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/org/salesconv/examples/cli"
)

// A system is a service that is measured.
type system struct {
	name    string
	command []string // with PORT where the port goes
	cmd     *exec.Cmd
	url     string
}

// start starts the service and waits until it is ready.
func (s *system) start(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	l.Close()
	if err != nil {
		return err
	}
	s.url = "http://127.0.0.1:" + port
	args := slices.Clone(s.command)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "PORT", port)
	}
	s.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if resp, err := http.Get(s.url + "/readyz"); err == nil {
			resp.Body.Close()
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

// stop ends the service and returns the processor time that it took.
func (s *system) stop() time.Duration {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait() // how it ended says nothing about what it measured
	return s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
}

// A result is what a number of clients got in a time.
type result struct {
	rate float64 // predictions a second
	p99  float64 // seconds
}

// load has clients ask one request after the other for a time.
func (s *system) load(clients int, d time.Duration, seed uint64) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all []float64
	var failed error
	var working sync.WaitGroup
	began := time.Now()
	for k := range clients {
		working.Go(func() {
			calls := newCaller(seed<<8 + uint64(k))
			for time.Since(began) < d {
				body := calls.body()
				at := time.Now()
				err := s.ask(client, body)
				took := time.Since(at).Seconds()
				mu.Lock()
				all = append(all, took)
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	working.Wait()
	slices.Sort(all)
	return result{float64(len(all)) / time.Since(began).Seconds(), all[len(all)*99/100]}, failed
}

func (s *system) ask(client *http.Client, body string) error {
	resp, err := client.Post(s.url+"/v1/predict", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", s.name, resp.Status, text)
	}
	return err
}

// compare measures all systems, interleaved, and writes a table. The first is the one that others are compared with.
func compare(ctx context.Context, env *cli.Env, o *options, all []system) error {
	for i := range all {
		if err := all[i].start(ctx); err != nil {
			return err
		}
		defer all[i].stop()
		if _, err := all[i].load(2, o.time/2, 0); err != nil { // warm
			return err
		}
	}
	fmt.Fprintln(env.Stdout, "| clients | system | predictions/s | ratio | p99 | ratio |\n|---|---|---|---|---|---|")
	for _, clients := range o.clients {
		got := make([][]result, len(all))
		for round := range o.rounds {
			for i := range all {
				r, err := all[i].load(clients, o.time, uint64(1+round))
				if err != nil {
					return err
				}
				got[i] = append(got[i], r)
			}
		}
		for i := range all {
			rates, p99s, faster, slower := make([]float64, o.rounds), make([]float64, o.rounds), make([]float64, o.rounds), make([]float64, o.rounds)
			for k, r := range got[i] {
				rates[k], p99s[k], faster[k], slower[k] = r.rate, r.p99, got[0][k].rate/r.rate, got[0][k].p99/r.p99
			}
			fmt.Fprintf(env.Stdout, "| %d | %s | %.1f | %.2f | %.0f ms | %.2f |\n", clients, all[i].name, median(rates), median(faster), 1000*median(p99s), median(slower))
		}
	}
	return nil
}

// measureStart starts the service again and again.
func measureStart(ctx context.Context, env *cli.Env, s system, n int) error {
	var wall, cpu []float64
	for range n {
		began := time.Now()
		if err := s.start(ctx); err != nil {
			return err
		}
		wall = append(wall, time.Since(began).Seconds())
		cpu = append(cpu, s.stop().Seconds())
	}
	fmt.Fprintf(env.Stdout, "start to ready: median %.0f ms, least %.0f ms; processor time of the whole process: median %.0f ms, least %.0f ms\n",
		1000*median(wall), 1000*slices.Min(wall), 1000*median(cpu), 1000*slices.Min(cpu))
	return nil
}

// measureMemory writes the memory of the service after each tenth of n requests.
func measureMemory(ctx context.Context, env *cli.Env, s system, n int) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.stop()
	const clients = 8
	for tenth := range 10 {
		var working sync.WaitGroup
		failed := make(chan error, clients)
		for k := range clients {
			working.Go(func() {
				calls, client := newCaller(uint64(tenth*clients+k)), &http.Client{}
				var err error
				for i := 0; i < n/10/clients && err == nil; i++ {
					err = s.ask(client, calls.body())
				}
				failed <- err
			})
		}
		working.Wait()
		for range clients {
			if err := <-failed; err != nil {
				return err
			}
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
		if err != nil {
			return err
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		memory, _, _ := strings.Cut(rest, "\n")
		fmt.Fprintf(env.Stdout, "%7d requests: %s\n", (tenth+1)*n/10, strings.TrimSpace(memory))
	}
	return nil
}
