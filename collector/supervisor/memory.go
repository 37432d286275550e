package supervisor

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ownMemory is what the supervisor itself and the kernel's buffers may need.
	ownMemory = 24 << 20
	// runtimeTables is what the Go runtime maps at its start and hardly touches, 40 MiB in Go 1.26,
	// and a margin.
	runtimeTables = 48 << 20
	// A Collector's memory is measured a few times while it initializes itself.
	measureEvery = 50 * time.Millisecond
	measureTimes = 20
)

// ContainerMemoryLimit returns the memory limit of the container in bytes, from cgroup v2 or v1,
// or 0 if it has none.
func ContainerMemoryLimit() int64 {
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// "max" in v2, and in v1 the largest multiple of a page, mean that there is no limit.
		if limit, err := strconv.ParseInt(string(bytes.TrimSpace(content)), 10, 64); err == nil && limit < 1<<50 {
			return limit
		}
	}
	return 0
}

// usable returns how much of the container's memory the Collector may have.
func usable(limit int64) int64 { return max(limit-ownMemory, limit/2) }

// withMemoryLimit adds GOMEMLIMIT to an environment that does not have it: above 80 % of its
// memory the Collector collects garbage more often.
func withMemoryLimit(environment []string, limit int64) []string {
	if limit <= 0 {
		return environment
	}
	for _, variable := range environment {
		if strings.HasPrefix(variable, "GOMEMLIMIT=") {
			return environment
		}
	}
	return append(environment, fmt.Sprintf("GOMEMLIMIT=%d", usable(limit)/10*8))
}

// limitMemory sets RLIMIT_DATA so that the Collector's resident memory is limited to 95 % of what it
// may have: the Go runtime then ends only the Collector, before the kernel kills the container.
//
// RLIMIT_DATA counts mappings, touched or not (Linux 4.7), so what is mapped and not resident is
// added to it. expected is how much more of that is still to come: runtimeTables right after the
// start, and nothing a moment later.
func limitMemory(pid int, limit, expected int64, logger *slog.Logger) {
	if limit <= 0 {
		return
	}
	mapped, resident, err := dataSizes(pid)
	if err != nil {
		return // it has ended already
	}
	data := unix.Rlimit{Cur: uint64(mapped - resident + expected + usable(limit)/100*95), Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, &data, nil); err != nil {
		logger.Warn("cannot limit the Collector's memory; if it runs out, the kernel may kill the whole container", "error", err)
	}
}

// dataSizes returns the bytes that a process has mapped as data, and those that are resident.
func dataSizes(pid int) (mapped, resident int64, err error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmData:":
			mapped = kib << 10
		case "RssAnon:":
			resident = kib << 10
		}
	}
	if mapped == 0 {
		return 0, 0, fmt.Errorf("process %d has no memory: it has ended", pid)
	}
	return mapped, resident, nil
}

// oomKills returns how often the kernel killed a process of the container for lack of memory.
func oomKills() int64 {
	content, err := os.ReadFile("/sys/fs/cgroup/memory.events")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			n, _ := strconv.ParseInt(value, 10, 64)
			return n
		}
	}
	return 0
}
