//go:build linux

package supervisor

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/cluster/layout"
)

// runner runs a machine's steps and restarts its programs. As process 1 it also reaps orphans, such as
// containerd's shims.
type runner struct {
	layout.Machine
	dir, logs string
	running   map[int]layout.Step
	exits     map[string]int // of each long-running program
	probe     *http.Client
}

// exitLimit is the number of exits of a program after which the machine gives up. One or two are normal;
// more usually mean an unknown flag.
const exitLimit = 5

func newRunner(m layout.Machine) *runner {
	// The certificate is not verified: this only checks for an answer, before the CA can be known.
	insecure := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return &runner{
		Machine: m, dir: m.Dir, logs: m.Logs,
		running: map[int]layout.Step{}, exits: map[string]int{},
		probe: &http.Client{Timeout: 2 * time.Second, Transport: insecure},
	}
}

// run returns only on errors: it restarts long-running programs.
func (r *runner) run() error {
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if r.Path != "" {
		path = r.Path + ":" + path
	}
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	for _, s := range r.Steps {
		if err := r.step(s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	for {
		if _, err := r.reap(0); err != nil {
			return err
		}
	}
}

func (r *runner) step(s layout.Step) error {
	pid := 0
	if len(s.Argv) > 0 {
		var err error
		if pid, err = r.start(s); err != nil {
			return err
		}
	}
	for s.Once {
		exited, err := r.reap(0)
		if err != nil {
			return err
		}
		if exited == pid {
			return nil
		}
	}
	for s.Await != "" && !r.answers(s.Await) {
		if _, err := r.reap(syscall.WNOHANG); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond) // neither files nor HTTP notify
	}
	return nil
}

func (r *runner) start(s layout.Step) (pid int, err error) {
	log, err := os.OpenFile(filepath.Join(r.logs, s.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	p, err := os.StartProcess(s.Argv[0], s.Argv, &os.ProcAttr{
		Dir: r.dir, Env: os.Environ(), Files: []*os.File{nil, log, log},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, err
	}
	r.running[p.Pid] = s
	return p.Pid, nil
}

// reap handles an exited process, and restarts it if it is long-running.
func (r *runner) reap(options int) (pid int, err error) {
	var status syscall.WaitStatus
	pid, err = syscall.Wait4(-1, &status, options, nil)
	if err == syscall.EINTR || pid == 0 {
		return 0, nil
	}
	if err == syscall.ECHILD && options == syscall.WNOHANG {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("wait for a program: %w", err)
	}
	s, ours := r.running[pid]
	if !ours {
		return pid, nil
	}
	delete(r.running, pid)
	if s.Once {
		if status.ExitStatus() != 0 {
			return pid, fmt.Errorf("%s exited with status %d: see %s.log", s.Name, status.ExitStatus(), s.Name)
		}
		return pid, nil
	}
	if r.exits[s.Name]++; r.exits[s.Name] == exitLimit {
		return pid, fmt.Errorf("%s exited %d times: see %s.log", s.Name, exitLimit, s.Name)
	}
	fmt.Printf("%s %s exited (status %d, signal %d); starting it again\n",
		time.Now().Format(time.TimeOnly), s.Name, status.ExitStatus(), status.Signal())
	time.Sleep(200 * time.Millisecond) // do not spin on a program that cannot run
	_, err = r.start(s)
	return pid, err
}

func (r *runner) answers(what string) bool {
	if !strings.HasPrefix(what, "https:") {
		_, err := os.Stat(what)
		return err == nil
	}
	response, err := r.probe.Get(what)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
