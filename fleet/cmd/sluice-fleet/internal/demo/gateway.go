package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// GatewayOptions are those of the gateway's process.
type GatewayOptions struct {
	Shards, MaxConcurrency int
	Rate                   float64
	ChaosSeed              uint64 // 0: no faults
}

// hello is the first line of the gateway's process.
type hello struct {
	APIURL string `json:"api_url"`
	Token  string `json:"token"`
}

// ServeGateway is the gateway's process: it says hello and answers a line with a line, until
// its input ends.
func ServeGateway(o GatewayOptions, in io.Reader, out io.Writer) error {
	options := []gatewaytest.Option{
		gatewaytest.WithTLS(false), gatewaytest.WithShards(o.Shards), gatewaytest.WithMaxConcurrency(o.MaxConcurrency),
		gatewaytest.WithSessionStartLimit(1_000_000, 1_000_000), gatewaytest.WithGuilds(1, 0), gatewaytest.WithTraffic(o.Rate),
		gatewaytest.WithReplayLimit(100_000), gatewaytest.WithReplayWindow(30 * time.Minute),
	}
	if o.ChaosSeed != 0 {
		options = append(options, gatewaytest.WithChaosInterval(o.ChaosSeed, 2*time.Minute))
	}
	server, err := gatewaytest.Start(options...)
	if err != nil {
		return err
	}
	defer server.Close()
	answers := json.NewEncoder(out)
	if err := answers.Encode(hello{server.APIURL(), server.Token()}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var answer any
		switch lines.Text() {
		case "calm":
			server.EndChaos()
			answer = struct{}{}
		case "quiesce":
			server.EndChaos()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			_ = server.Quiesce(ctx)
			cancel()
			answer = struct{}{}
		case "report":
			answer = server.Report()
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

// gatewayProcess is the other end.
type gatewayProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	hello   hello
}

func startGateway(self string, o GatewayOptions) (*gatewayProcess, error) {
	g := &gatewayProcess{command: exec.Command(self, "gateway",
		fmt.Sprintf("--shards=%d", o.Shards), fmt.Sprintf("--max-concurrency=%d", o.MaxConcurrency),
		fmt.Sprintf("--rate=%g", o.Rate), fmt.Sprintf("--chaos-seed=%d", o.ChaosSeed))}
	ownGroup(g.command)
	var err error
	if g.in, err = g.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.out = bufio.NewReader(out)
	if err := g.command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the gateway: %w", err)
	}
	return g, g.read(&g.hello)
}

func (g *gatewayProcess) read(into any) error {
	line, err := g.out.ReadBytes('\n')
	if err != nil {
		return errors.New("the gateway's process has ended")
	}
	return json.Unmarshal(line, into)
}

// ask sends a line and reads the answer.
func (g *gatewayProcess) ask(line string, into any) error {
	if _, err := io.WriteString(g.in, line+"\n"); err != nil {
		return err
	}
	return g.read(into)
}

func (g *gatewayProcess) report() (*gatewaytest.Report, error) {
	r := &gatewaytest.Report{}
	return r, g.ask("report", r)
}

func (g *gatewayProcess) stop() {
	_ = g.in.Close()
	_ = g.command.Wait()
}
