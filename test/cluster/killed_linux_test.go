package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/build"
)

// TestNothingIsLeft starts clusters from another process, ends that process with a signal or SIGKILL,
// and looks for leftovers.
func TestNothingIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("starts clusters; run without -short")
	}
	t.Setenv(KubeconfigVariable, "")
	for _, nodes := range []int{0, 2} {
		if nodes > 0 && os.Geteuid() != 0 {
			t.Log("without nodes only:", errNeedsRoot)
			continue
		}
		for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
			t.Run(fmt.Sprintf("%d nodes, %s", nodes, signal), func(t *testing.T) {
				h := hold(t, nodes)
				if found := h.traces(t); len(found) < 2 {
					t.Fatalf("a running cluster has only these traces: %q", found)
				}
				if err := h.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = h.cmd.Wait() // it was killed
				found := h.traces(t)
				for deadline := time.Now().Add(20 * time.Second); len(found) > 0 && time.Now().Before(deadline); found = h.traces(t) {
					time.Sleep(20 * time.Millisecond) // the cleaning process is not our child
				}
				for _, trace := range found {
					t.Errorf("left behind: %s", trace)
				}
			})
		}
	}
}

// holder is a process that runs a cluster.
type holder struct {
	cmd   *exec.Cmd
	dir   string // the cluster's
	index string
	// varLib lists /var/lib before the start: nodes mount there.
	varLib string
}

func hold(t *testing.T, nodes int) holder {
	t.Helper()
	program, err := build.Binary(t.Context(), supervisorProgram())
	if err != nil {
		t.Fatal(err)
	}
	h := holder{varLib: listing(t, "/var/lib")}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute+startLimit)
	t.Cleanup(cancel)
	h.cmd = exec.CommandContext(ctx, program, "up", "-nodes", fmt.Sprint(nodes))
	var stderr bytes.Buffer
	h.cmd.Stderr = &stderr
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kubeconfig := regexp.MustCompile(`KUBECONFIG=(.*/telepod-\d+-(\d+))/`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := kubeconfig.FindStringSubmatch(lines.Text()); m != nil {
			h.dir, h.index = m[1], m[2]
			return h
		}
	}
	t.Fatalf("the cluster did not start: %v: %s", h.cmd.Wait(), stderr.String())
	return h
}

// traces lists the cluster's traces on this machine.
func (h holder) traces(t *testing.T) (found []string) {
	t.Helper()
	if _, err := os.Stat(h.dir); err == nil {
		found = append(found, h.dir)
	}
	if _, err := net.InterfaceByName("telepod-" + h.index); err == nil {
		found = append(found, "link telepod-"+h.index)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/telepod-%s-n*", "/sys/fs/cgroup/*/telepod-%s-n*"} {
		cgroups, err := filepath.Glob(fmt.Sprintf(pattern, h.index))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, cgroups...)
	}
	for file, trace := range map[string]string{
		"/proc/self/mounts": h.dir,
		"/proc/net/unix":    "@telepod-cluster-" + h.index + "\n", // the supervisor itself
	} {
		if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), trace) {
			found = append(found, fmt.Sprintf("%s in %s (%v)", trace, file, err))
		}
	}
	if now := listing(t, "/var/lib"); now != h.varLib {
		found = append(found, fmt.Sprintf("/var/lib has %s, had %s", now, h.varLib))
	}
	return append(found, h.processes(t)...)
}

// processes lists the processes in the cluster's cgroups, and those with its directory among their arguments.
func (h holder) processes(t *testing.T) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, proc := range all {
		arguments, _ := os.ReadFile(proc + "/cmdline") // empty if it has exited
		cgroup, _ := os.ReadFile(proc + "/cgroup")
		if strings.Contains(string(arguments), h.dir+"/") || strings.Contains(string(cgroup), "/telepod-"+h.index+"-n") {
			found = append(found, fmt.Sprintf("%s %s", proc, strings.ReplaceAll(string(arguments), "\x00", " ")))
		}
	}
	return found
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return strings.Join(names, " ")
}
