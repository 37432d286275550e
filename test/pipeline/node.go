package pipeline

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/test/collector"
)

// Node is a Collector that tests can break.
type Node struct {
	Name    string
	Address string

	run     collector.Run
	process *collector.Process
}

// Start runs the Collector and waits until it is ready.
func (n *Node) Start(t testing.TB) *Node {
	t.Helper()
	n.process = collector.Start(t, n.run)
	return n
}

// Stop stops the Collector as the kubelet does, and waits for the exit.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.process.Stop(t)
}

// Kill sends SIGKILL, as the kernel does when out of memory.
func (n *Node) Kill(t testing.TB) {
	t.Helper()
	n.process.Kill(t)
}

// Freeze suspends the process: its sockets still accept data, but nothing answers.
func (n *Node) Freeze(t testing.TB) { n.signal(t, syscall.SIGSTOP) }

// Thaw ends [Node.Freeze].
func (n *Node) Thaw(t testing.TB) { n.signal(t, syscall.SIGCONT) }

func (n *Node) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(n.process.Pid(), s); err != nil {
		t.Fatalf("send %v to %s: %v", s, n.Name, err)
	}
}

// Log returns the Collector's output since its start.
func (n *Node) Log() string { return n.process.Log() }

// CPU returns the processor time used by the running process.
func (n *Node) CPU(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third field on; see proc(5)
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("read the processor time of a process: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// Written returns how many bytes the running process has passed to write calls, including sockets.
func (n *Node) Written(t testing.TB) float64 { return n.proc(t, "io", "wchar:") }

// PeakMemory returns the maximum resident memory of the running process so far, in bytes.
func (n *Node) PeakMemory(t testing.TB) float64 { return n.proc(t, "status", "VmHWM:") * 1024 }

// Memory returns the private memory of the running process, in bytes. It excludes pages of the program's file,
// which are shared, and which the kernel can drop.
func (n *Node) Memory(t testing.TB) float64 { return n.proc(t, "status", "RssAnon:") * 1024 }

// proc reads a number from a file of the process.
func (n *Node) proc(t testing.TB, file, key string) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", n.process.Pid(), file))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), key)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		t.Fatalf("no %s in the process's %s", key, file)
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Metric returns the sum over the series of one of the Collector's own metrics whose labels contain the texts. It
// returns 0 if the Collector does not answer.
func (n *Node) Metric(name string, labels ...string) float64 {
	client := http.Client{Timeout: time.Second}
	resp, err := client.Get("http://" + n.Address + ":8888/metrics")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		sum += sample(lines.Text(), name, labels)
	}
	return sum
}

// sample parses a line of Prometheus text; it returns 0 for other series.
func sample(line, name string, labels []string) float64 {
	rest, found := strings.CutPrefix(line, name)
	if !found || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") {
		return 0
	}
	for _, l := range labels {
		if !strings.Contains(rest, l) {
			return 0
		}
	}
	value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
	if err != nil {
		return 0
	}
	return value
}

// Accepted returns the number of items of a signal received over OTLP since the Collector's start.
func (n *Node) Accepted(signal string) float64 {
	metric := map[string]string{
		Traces:  "otelcol_receiver_accepted_spans_total",
		Metrics: "otelcol_receiver_accepted_metric_points_total",
		Logs:    "otelcol_receiver_accepted_log_records_total",
	}[signal]
	return n.Metric(metric, `receiver="otlp_mux"`)
}
