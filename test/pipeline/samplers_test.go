package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSamplerKilled checks that every trace with an error arrives complete, except those in a killed sampler's memory.
func TestSamplerKilled(t *testing.T) {
	t.Parallel()
	onlyWithFaults(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to replace DNS with its own hosts file")
	}
	p := NewPlant(t)
	hosts := newHosts(t, "telepod-sampler.telepod.svc")
	values := CentralValues(p.Direct(), 3)
	var samplers []*Node
	for _, name := range []string{"sampler-0", "sampler-1", "sampler-2"} {
		samplers = append(samplers, p.node(name, []string{p.Render(t, values, Sampler)}).Start(t))
		hosts.addresses = append(hosts.addresses, samplers[len(samplers)-1].Address)
	}
	hosts.write(t)
	gateway := p.node("gateway", append([]string{p.Render(t, values, Central)}, testArchive()...))
	gateway.run.Program = hosts.wrap(t, gateway.run.Program)
	gateway.Start(t)
	centralAddress := gateway.Address + ":4318"
	region := p.Region(t, [2]string{centralAddress, p.Address() + ":4318"}).Start(t)
	r := &rig{plant: p, region: region, primary: gateway, backup: gateway}
	r.sendLoad(t)
	Await(t, Patience, "sampled spans", func() bool { return len(p.Tally(t, "otlp", Traces)) > 0 })

	samplers[1].Kill(t)
	hold() // the time an orchestrator needs to notice
	hosts.addresses = []string{samplers[0].Address, samplers[2].Address}
	hosts.write(t)
	began := gateway.sent()
	r.note("rerouted in %v", Await(t, Patience, "spans at the other samplers", func() bool { return gateway.sent() > began }))
	hold()
	samplers[1].Start(t) // with its disk, which contains the sampled traces
	r.load.Stop()
	var failed, complete int
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if failed, complete = p.Complete(t, r.load, "otlp"); complete == failed {
			break
		}
		time.Sleep(time.Second)
	}
	r.note("traces with an error: %d acknowledged, %d complete", failed, complete)
	r.finish(t)
	// Up to two seconds of undecided traces, of one of three samplers, plus batches in flight.
	if missing, most := failed-complete, *rate/SpansOfTrace/50*5/3+2; missing > most {
		t.Errorf("%d traces with an error are incomplete, want at most %d", missing, most)
	}
}

// sent is the number of spans that the gateway routed to samplers.
func (n *Node) sent() float64 {
	return n.Metric("otelcol_exporter_sent_spans_total", `exporter="load_balancing/samplers"`)
}

// hosts is a hosts file that replaces the machine's file for one process.
type hosts struct {
	path, name string
	addresses  []string
}

func newHosts(t *testing.T, name string) *hosts {
	t.Helper()
	return &hosts{path: filepath.Join(t.TempDir(), "hosts"), name: name}
}

func (h *hosts) write(t *testing.T) {
	t.Helper()
	var lines strings.Builder
	for _, a := range h.addresses {
		lines.WriteString(a + " " + h.name + "\n")
	}
	if err := os.WriteFile(h.path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wrap returns a program that runs another one in its own mount namespace.
func (h *hosts) wrap(t *testing.T, program string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "with-hosts")
	text := "#!/bin/sh\nexec unshare --mount sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' " + h.path + " " + program + " \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}
