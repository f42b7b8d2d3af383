// Package child is the mock gateway as a child process of the demo: what the two say to
// each other, a line of JSON each, and both ends of that.
package child

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// Hello is the first line that a mock tells its parent process.
type Hello struct {
	URL    string `json:"url"`
	APIURL string `json:"api_url"`
	Token  string `json:"token"`
	CA     string `json:"ca"`

	ChaosSeed uint64 `json:"chaos_seed,omitempty"`
}

// What a parent asks, each a line.
const (
	quiesceRequest  = "quiesce"   // to end all traffic; the answer is an empty object
	reportRequest   = "report"    // what was written; the answer is a gatewaytest.Report
	endChaosRequest = "end-chaos" // to end the faults of --chaos; the answer is an empty object
	dropRequest     = "drop"      // to cut every connection; the answer is a dropAnswer
)

// dropAnswer says how many connections were cut.
type dropAnswer struct {
	Dropped int `json:"dropped"`
}

// Serve answers a parent until standard input ends, which happens also when the
// parent is killed.
func Serve(server *gatewaytest.Server, in io.Reader, out io.Writer) error {
	answers := json.NewEncoder(out)
	hello := Hello{URL: server.URL(), APIURL: server.APIURL(), Token: server.Token(), CA: string(server.CertPEM()), ChaosSeed: server.ChaosSeed()}
	if err := answers.Encode(hello); err != nil {
		return err
	}
	requests := bufio.NewScanner(in)
	for requests.Scan() {
		answer, err := answer(server, requests.Text())
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return requests.Err()
}

func answer(server *gatewaytest.Server, request string) (any, error) {
	switch request {
	case quiesceRequest:
		ctx, cancel := context.WithTimeout(context.Background(), quiesceTimeout)
		defer cancel()
		// Where a client does not read, the report says what was written all the same.
		_ = server.Quiesce(ctx)
		return struct{}{}, nil
	case reportRequest:
		return server.Report(), nil
	case endChaosRequest:
		server.EndChaos()
		return struct{}{}, nil
	case dropRequest:
		var answer dropAnswer
		for _, session := range server.Sessions() {
			answer.Dropped += server.Drop(session.Shard)
		}
		return answer, nil
	}
	return nil, fmt.Errorf("unknown request %q", request)
}

// quiesceTimeout is how long the mock waits for clients to take what was begun.
const quiesceTimeout = 5 * time.Second
