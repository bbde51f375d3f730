package transcript_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/org/salesconv/transcript"
)

const twoCalls = `{"transcript": "Agent: Shall we meet on Friday?\nCustomer: Friday works.", "label": 1, "metadata": {"agent_id": "A7"}}
{"transcript": "Agent: Shall we meet on Friday?\nCustomer: I'll call you.", "label": "maybe"}
`

func ExampleRead() {
	for call, err := range transcript.Read(context.Background(), strings.NewReader(twoCalls)) {
		if err != nil {
			fmt.Println(err)
			continue // to skip it
		}
		fmt.Println(call.ID, call.Outcome, call.Metadata.AgentID)
	}
	// Output:
	// 1 won A7
	// transcript: record 2, byte 204: the label is "maybe"; want 1 or 0, won or lost, yes or no, or nothing where it is unknown (Reader.Won and Reader.Lost name other words)
}

func ExampleReader_FS() {
	var summary transcript.Summary
	calls, err := transcript.Collect(transcript.Reader{Summary: &summary}.FS(context.Background(), os.DirFS("testdata/folder")), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(calls), "calls, ignored:", summary.Ignored)
	for _, c := range calls {
		fmt.Println(c.ID, c.Outcome)
	}
	// Output:
	// 3 calls, ignored: [notes.md]
	// calls.csv#1 lost
	// calls.csv#2 won
	// won/monday.vtt won
}

func ExampleCall_Turns() {
	call := transcript.Call{Text: "[00:02] Rep - Is it fine?\n[00:05] Jo - It is.\nIt really is.\nNote: we hoped so.\n[00:09] Rep - Good.\n[00:11] Jo - Bye."}
	for _, t := range call.Turns() {
		fmt.Printf("%v %s (%s) %q\n", t.From, t.Speaker, t.Role, t.Text)
	}
	call.Roles = transcript.Roles{"Jo": transcript.Customer}
	fmt.Println(call.Turns()[1].Role)
	// Output:
	// 2s Rep (agent) "Is it fine?"
	// 5s Jo (other) "It is.\nIt really is.\nNote: we hoped so."
	// 9s Rep (agent) "Good."
	// 11s Jo (other) "Bye."
	// customer
}

func ExampleCall_Mask() {
	call := transcript.Call{Text: "Agent: Hi, this is Dana Reed.\nCustomer: Hello Dana, write to jo@example.com."}
	m := call.Mask()
	fmt.Println(m.Call.Text)
	i := strings.Index(m.Call.Text, "[EMAIL]")
	from, to := m.Original(i, i+len("[EMAIL]"))
	fmt.Println(call.Text[from:to])
	// Output:
	// Agent: Hi, this is [NAME].
	// Customer: Hello [NAME], write to [EMAIL].
	// jo@example.com
}

func ExampleSplitGroups() {
	calls := transcript.Sample()
	groups, err := transcript.Groups(calls, "customer_id", "transcript")
	if err != nil {
		log.Fatal(err)
	}
	split, err := transcript.SplitGroups(calls, groups, 0.25, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(split.Train), len(split.Test), len(split.Crossing(groups)))
	// Output: 181 59 0
}

func ExampleGenerate() {
	s, err := transcript.Generate(1000, &transcript.GenerateOptions{Seed: 2, WonShare: 0.3})
	if err != nil {
		log.Fatal(err)
	}
	labels, err := transcript.Labels(s.Calls)
	if err != nil {
		log.Fatal(err)
	}
	won := 0
	for _, y := range labels {
		won += y
	}
	fmt.Printf("%d of %d won, best AUC %.2f\n", won, len(labels), s.BayesAUC)
	fmt.Println(s.Calls[0].Metadata.Value("source"), s.Truth[0].Pattern)
	// Output:
	// 296 of 1000 won, best AUC 0.89
	// synthetic service recovery
}

func ExampleFeatures() {
	calls := []transcript.Call{{Text: "Agent: Does the price suit you?\nCustomer: It is too expensive, I'm afraid. Thank you."}}
	f, err := transcript.FitFeatures(calls)
	if err != nil {
		log.Fatal(err)
	}
	row := f.Rows(calls)[0]
	for i, name := range f.Names() {
		if row[i] != 0 && strings.Contains(name, "customer") {
			fmt.Printf("%s: %.2f\n", name, row[i])
		}
	}
	// Output:
	// customer's words a turn: 8.00
	// customer's longest turn: 8.00
	// price mentions by customer: 1.00
	// objections by customer: 2.00
	// customer's sentiment: -0.25
}

func ExampleTFIDF() {
	f, err := transcript.FitTFIDF([]string{"the price is fine", "the price is high", "see you on Friday"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", f.Terms())
	x := f.Transform([]string{"The price? The price!"})
	x.DoRowNonZero(0, func(_, column int, weight float64) {
		fmt.Printf("%s %.3f\n", f.Terms()[column], weight)
	})
	// Output:
	// ["is" "price" "price is" "the" "the price"]
	// price 0.577
	// the 0.577
	// the price 0.577
}
