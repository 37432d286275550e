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

	"golang.org/x/sys/unix"

	"github.com/telepod/telepod/test/collector"
)

// Node is a Collector that can be broken.
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

// Stop ends it as the kubelet does, and waits.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.process.Stop(t)
}

// Kill ends it as the kernel does when memory is short: kill -9.
func (n *Node) Kill(t testing.TB) {
	t.Helper()
	n.process.Kill(t)
}

// Freeze stops it in its tracks: its sockets take what comes, and nothing answers.
func (n *Node) Freeze(t testing.TB) { n.signal(t, syscall.SIGSTOP) }

// Thaw ends [Node.Freeze].
func (n *Node) Thaw(t testing.TB) { n.signal(t, syscall.SIGCONT) }

func (n *Node) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(n.process.Pid(), s); err != nil {
		t.Fatalf("send %v to %s: %v", s, n.Name, err)
	}
}

// LimitFiles has the kernel refuse to let the running process's files grow beyond a size: as a disk
// that is full, without one.
func (n *Node) LimitFiles(t testing.TB, bytes uint64) {
	t.Helper()
	if err := unix.Prlimit(n.process.Pid(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		t.Fatalf("limit the files of %s: %v", n.Name, err)
	}
}

// Log is what the Collector wrote since it was started.
func (n *Node) Log() string { return n.process.Log() }

// CPU is the processor time that the running process has used.
func (n *Node) CPU(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on; see proc(5)
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

// Written is how many bytes the running process has passed to write calls, sockets included.
func (n *Node) Written(t testing.TB) float64 { return n.proc(t, "io", "wchar:") }

// PeakMemory is the largest resident memory of the running process so far, in bytes.
func (n *Node) PeakMemory(t testing.TB) float64 { return n.proc(t, "status", "VmHWM:") * 1024 }

// Memory is the memory of the running process itself, in bytes: pages of the program's file are shared, and the
// kernel drops them when it needs room.
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

// Metric is the sum over all series of a metric of the Collector's own whose labels contain the
// texts; 0 when it does not answer.
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

// sample is the value of a line of Prometheus text, 0 if it is another series'.
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

// Accepted is the number of items of a signal that arrived over OTLP since the Collector started.
func (n *Node) Accepted(signal string) float64 {
	metric := map[string]string{
		Traces:  "otelcol_receiver_accepted_spans_total",
		Metrics: "otelcol_receiver_accepted_metric_points_total",
		Logs:    "otelcol_receiver_accepted_log_records_total",
	}[signal]
	return n.Metric(metric, `receiver="otlp_mux"`)
}
