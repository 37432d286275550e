package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var queueMegabytes = flag.Int("queue", 32, "MiB in each of a region's three queues in TestRegionStartsWithFullQueues; the chart's default is 2048")

// TestRegionStartsWithFullQueues kills a region with three full queues, and starts it again on a disk that reads 100 MB/s.
// It must start within the chart's memory limit, with everything that was acknowledged.
func TestRegionStartsWithFullQueues(t *testing.T) {
	onlyWithFaults(t)
	p := newPlant(t)
	away := [2]string{p.Address() + ":4318", p.Address() + ":4318"}
	size := fmt.Sprintf("yaml:exporters::otlp_failover::sending_queue::queue_size: %d", *queueMegabytes<<20)
	region := p.Region(t, away, size)
	rendered := region.run
	for _, signal := range signals { // only to fill the queues faster
		region.run.Configs = append(region.run.Configs, "yaml:service::pipelines::"+signal+"::processors: []")
	}
	region.Start(t)
	acknowledged := fillQueues(t, region)
	region.Kill(t)
	dropFromPageCache(t, p.Queue("region"))

	region.run = rendered
	limits := limit(t, p.Queue("region"))
	region.run.Program = limits.wrap(t, region.run.Program)
	began := time.Now()
	region.Start(t)
	ready, read := time.Since(began), region.proc(t, "io", "rchar:")
	t.Logf("3 queues of %d MiB: ready after %v; %.0f MB read, at most %.0f MB of memory and page cache",
		*queueMegabytes, ready.Round(10*time.Millisecond), read/1e6, limits.peak(t)/1e6)
	// Three queues with four consumers each: every consumer reads a batch of 4.5 MB.
	if most := 150e6 + 0.02*3*float64(*queueMegabytes<<20); read > most {
		t.Errorf("the region read %.0f MB before it was ready, want at most %.0f MB", read/1e6, most/1e6)
	}
	if queued := region.Metric("otelcol_exporter_queue_size", `exporter="otlp_failover"`); queued < acknowledged {
		t.Errorf("%.0f bytes are queued, %.0f were acknowledged", queued, acknowledged)
	}
}

// fillQueues sends requests of 50 kB until each signal's queue is full, and returns how many bytes were acknowledged.
func fillQueues(t *testing.T, region *Node) (bytes float64) {
	t.Helper()
	const request, senders, refusals = 50_000, 4, 10
	conn, err := grpc.NewClient(region.Address+":4317", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	filling := text("filling", strings.Repeat("x", request))
	span, point, record := spans(1, 1), points(1, 1), records(1, 1)
	span.ResourceSpans[0].Resource.Attributes = append(span.ResourceSpans[0].Resource.Attributes, filling)
	point.ResourceMetrics[0].Resource.Attributes = append(point.ResourceMetrics[0].Resource.Attributes, filling)
	record.ResourceLogs[0].Resource.Attributes = append(record.ResourceLogs[0].Resource.Attributes, filling)
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, send := range []func() error{
		func() error { _, err := coltrace.NewTraceServiceClient(conn).Export(t.Context(), span); return err },
		func() error {
			_, err := colmetrics.NewMetricsServiceClient(conn).Export(t.Context(), point)
			return err
		},
		func() error { _, err := collogs.NewLogsServiceClient(conn).Export(t.Context(), record); return err },
	} {
		for range senders {
			all.Go(func() {
				for refused := 0; refused < refusals; {
					if send() != nil {
						refused++
						continue
					}
					mu.Lock()
					bytes += request
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	if least := 0.8 * 3 * float64(*queueMegabytes<<20); bytes < least {
		t.Fatalf("the queues are full after %.0f bytes, want at least %.0f", bytes, least)
	}
	return bytes
}

// dropFromPageCache writes files to the disk and drops them from the page cache.
func dropFromPageCache(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// limits are cgroups of one process.
type limits struct {
	dirs     []string
	peakFile string
}

// limit creates cgroups with a region's memory limit and a slow disk. Without root there are no limits.
func limit(t *testing.T, dir string) limits {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: memory and disk are not limited")
		return limits{}
	}
	var stat unix.Stat_t
	if err := unix.Stat(dir, &stat); err != nil {
		t.Fatal(err)
	}
	disk := fmt.Sprintf("%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev))
	const memory, speed = 512 << 20, 100_000_000
	name := fmt.Sprintf("telepod-full-queues-%d", os.Getpid())
	var l limits
	group := func(controller, file, value string) {
		path := filepath.Join("/sys/fs/cgroup", controller, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Logf("not limited: %v", err)
			return
		}
		// Cleanups run in reverse order: the process, which starts later, has exited by then.
		t.Cleanup(func() { _ = os.Remove(path) })
		if err := os.WriteFile(filepath.Join(path, file), []byte(value), 0o644); err != nil {
			t.Logf("not limited: %v", err)
			return
		}
		l.dirs = append(l.dirs, path)
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group("", "memory.max", strconv.Itoa(memory))
		group("", "io.max", fmt.Sprintf("%s rbps=%d", disk, speed))
		l.peakFile = filepath.Join("/sys/fs/cgroup", name, "memory.peak")
		return l
	}
	group("memory", "memory.limit_in_bytes", strconv.Itoa(memory))
	group("blkio", "blkio.throttle.read_bps_device", fmt.Sprintf("%s %d", disk, speed))
	l.peakFile = filepath.Join("/sys/fs/cgroup/memory", name, "memory.max_usage_in_bytes")
	return l
}

// wrap returns a program that starts another one within the limits.
func (l limits) wrap(t *testing.T, program string) string {
	t.Helper()
	script := "#!/bin/sh\n"
	for _, dir := range l.dirs {
		script += "echo $$ > " + dir + "/cgroup.procs || exit 1\n"
	}
	path := filepath.Join(t.TempDir(), "limited")
	if err := os.WriteFile(path, []byte(script+"exec "+program+" \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// peak returns the maximum memory of the limited process, including page cache; 0 without limits.
func (l limits) peak(t *testing.T) float64 {
	t.Helper()
	if len(l.dirs) == 0 {
		return 0
	}
	content, err := os.ReadFile(l.peakFile)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := strconv.ParseFloat(strings.TrimSpace(string(content)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
