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

// TestClusterCleansUpWhenItsClientDies starts clusters from another process, interrupts or kills that process, and
// looks for leftovers.
func TestClusterCleansUpWhenItsClientDies(t *testing.T) {
	if testing.Short() {
		t.Skip("starts clusters; run without -short")
	}
	t.Setenv(KubeconfigVariable, "")
	for _, nodes := range []int{0, 2} {
		if nodes > 0 && os.Geteuid() != 0 {
			t.Log("tests only a cluster without nodes:", errNeedsRoot)
			continue
		}
		for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
			t.Run(fmt.Sprintf("%d nodes, %s", nodes, signal), func(t *testing.T) {
				c := startClient(t, nodes)
				if found := c.traces(t); len(found) < 2 {
					t.Fatalf("a running cluster has only these traces: %q", found)
				}
				if err := c.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = c.cmd.Wait() // it was killed
				found := c.traces(t)
				for deadline := time.Now().Add(20 * time.Second); len(found) > 0 && time.Now().Before(deadline); found = c.traces(t) {
					time.Sleep(20 * time.Millisecond) // the cleaning process is not our child
				}
				for _, trace := range found {
					t.Errorf("left behind: %s", trace)
				}
			})
		}
	}
}

// client is a process that runs a cluster.
type client struct {
	cmd   *exec.Cmd
	dir   string // the cluster's directory
	index string
	// varLib lists /var/lib before the start: nodes mount there.
	varLib string
}

func startClient(t *testing.T, nodes int) client {
	t.Helper()
	program, err := build.Binary(t.Context(), supervisorProgram())
	if err != nil {
		t.Fatal(err)
	}
	c := client{varLib: listing(t, "/var/lib")}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute+startLimit)
	t.Cleanup(cancel)
	c.cmd = exec.CommandContext(ctx, program, "up", "-nodes", fmt.Sprint(nodes))
	var stderr bytes.Buffer
	c.cmd.Stderr = &stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kubeconfig := regexp.MustCompile(`KUBECONFIG=(.*/telepod-\d+-(\d+))/`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := kubeconfig.FindStringSubmatch(lines.Text()); m != nil {
			c.dir, c.index = m[1], m[2]
			return c
		}
	}
	t.Fatalf("the cluster did not start: %v: %s", c.cmd.Wait(), stderr.String())
	return c
}

// traces lists what the cluster has created on this machine.
func (c client) traces(t *testing.T) (found []string) {
	t.Helper()
	if _, err := os.Stat(c.dir); err == nil {
		found = append(found, c.dir)
	}
	if _, err := net.InterfaceByName("telepod-" + c.index); err == nil {
		found = append(found, "link telepod-"+c.index)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/telepod-%s-n*", "/sys/fs/cgroup/*/telepod-%s-n*"} {
		cgroups, err := filepath.Glob(fmt.Sprintf(pattern, c.index))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, cgroups...)
	}
	for file, trace := range map[string]string{
		"/proc/self/mounts": c.dir,
		"/proc/net/unix":    "@telepod-cluster-" + c.index + "\n", // the supervisor itself
	} {
		if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), trace) {
			found = append(found, fmt.Sprintf("%s in %s (%v)", trace, file, err))
		}
	}
	if now := listing(t, "/var/lib"); now != c.varLib {
		found = append(found, fmt.Sprintf("/var/lib has %s, had %s", now, c.varLib))
	}
	return append(found, c.processes(t)...)
}

// processes lists the processes in the cluster's cgroups, and those with its directory among their arguments.
func (c client) processes(t *testing.T) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, proc := range all {
		arguments, _ := os.ReadFile(proc + "/cmdline") // empty if it has exited
		cgroup, _ := os.ReadFile(proc + "/cgroup")
		if strings.Contains(string(arguments), c.dir+"/") || strings.Contains(string(cgroup), "/telepod-"+c.index+"-n") {
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
