package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays every part: the supervisor, and Collectors that misbehave.
const roleVariable = "TELEPOD_SUPERVISOR_TEST_ROLE"

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if role, supervised := strings.CutPrefix(role, "supervise "); supervised {
		_ = os.Setenv(roleVariable, role)
		limit, _ := strconv.ParseInt(os.Getenv("TEST_MEMORY_LIMIT"), 10, 64)
		s, err := New(Config{
			Args: []string{os.Args[0]}, Stdout: os.Stdout, Stderr: os.Stderr, MemoryLimit: limit,
			Backoff: 2 * time.Millisecond, MaxBackoff: 10 * time.Millisecond,
		})
		if err != nil {
			panic(err)
		}
		s.Run()
		os.Exit(0)
	}
	play(role)
}

func play(role string) {
	switch role {
	case "crash":
		fmt.Println("last words")
		os.Exit(3)
	case "end":
		os.Exit(0)
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
	case "noisy":
		line := strings.Repeat("x", 200)
		for {
			if _, err := fmt.Println(line); err != nil {
				os.Exit(9)
			}
		}
	case "orphans":
		// The child's child outlives its parent and becomes the supervisor's.
		orphan := exec.Command("/proc/self/exe")
		orphan.Env = append(os.Environ(), roleVariable+"=orphan")
		if err := orphan.Start(); err != nil {
			panic(err)
		}
		fmt.Println("orphan", orphan.Process.Pid)
		os.Exit(1)
	case "orphan":
		os.Exit(0)
	case "greedy":
		fmt.Println("GOMEMLIMIT", os.Getenv("GOMEMLIMIT"))
		var kept [][]byte
		for {
			page := make([]byte, 1<<20)
			for i := 0; i < len(page); i += 4096 {
				page[i] = 1
			}
			kept = append(kept, page)
			if len(kept) > 4096 {
				os.Exit(8) // nothing stopped it
			}
		}
	case "reloads":
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		fmt.Println("ready")
		<-hangups
		fmt.Println("reloaded")
	}
	time.Sleep(time.Minute)
}

// supervised is a supervisor with a child in some role, in a separate process.
type supervised struct {
	*exec.Cmd
	t      *testing.T
	output *bufio.Scanner
}

func supervise(t *testing.T, role string, environment ...string) *supervised {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), roleVariable+"=supervise "+role), environment...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	s := &supervised{Cmd: command, t: t, output: bufio.NewScanner(reader)}
	watchdog := time.AfterFunc(30*time.Second, func() { _ = command.Process.Kill() })
	t.Cleanup(func() {
		watchdog.Stop()
		_ = command.Process.Kill()
		_, _ = io.Copy(io.Discard, reader)
		_ = reader.Close()
	})
	return s
}

// until reads the output up to a line with this text.
func (s *supervised) until(text string) string {
	s.t.Helper()
	for s.output.Scan() {
		if line := s.output.Text(); strings.Contains(line, text) {
			return line
		}
	}
	s.t.Fatalf("the supervisor ended before it wrote %q", text)
	return ""
}

func (s *supervised) send(signal syscall.Signal) {
	s.t.Helper()
	if err := s.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// stops checks that the supervisor exits with code 0 on SIGTERM.
func (s *supervised) stops() {
	s.t.Helper()
	s.send(syscall.SIGTERM)
	s.until("msg=stopped")
	if err := s.Wait(); err != nil {
		s.t.Errorf("supervisor: %v", err)
	}
}

func TestRestarts(t *testing.T) {
	for role, expected := range map[string][]string{
		"crash":  {"exit_code=3"},
		"end":    {"exit_code=0"},
		"killed": {"exit_code=137", "signal=killed", "lack of memory"},
	} {
		t.Run(role, func(t *testing.T) {
			s := supervise(t, role)
			for range 5 {
				line := s.until("Collector exited")
				for _, text := range append(expected, "restart_in=") {
					if !strings.Contains(line, text) {
						t.Errorf("%q is not in %q", text, line)
					}
				}
			}
			s.until("restarts=5")
			s.stops()
		})
	}
}

func TestSecondSignalKills(t *testing.T) {
	s := supervise(t, "stubborn")
	s.until("ready")
	s.send(syscall.SIGTERM)
	s.send(syscall.SIGINT)
	if line := s.until("Collector exited"); !strings.Contains(line, "signal=killed") {
		t.Errorf("%q", line)
	}
	if err := s.Wait(); err != nil {
		t.Errorf("supervisor: %v", err)
	}
}

func TestHangupIsForwarded(t *testing.T) {
	s := supervise(t, "reloads")
	s.until("ready")
	s.send(syscall.SIGHUP)
	s.until("reloaded")
	s.stops()
}

func TestEndlessOutput(t *testing.T) {
	s := supervise(t, "noisy")
	for range 20_000 {
		s.until("xxx")
	}
	if resident := residentBytes(t, s.Process.Pid); resident > 64<<20 {
		t.Errorf("supervisor has %d bytes resident", resident)
	}
	s.stops()
}

func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	_, resident, err := dataSizes(pid)
	if err != nil {
		t.Fatal(err)
	}
	return resident
}

func TestOrphansAreReaped(t *testing.T) {
	s := supervise(t, "orphans")
	for range 5 {
		pid := strings.Fields(s.until("orphan "))[1]
		s.until("Collector started")
		s.until("Collector exited") // the orphan of the run before has ended meanwhile, or soon will
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %s was not reaped", pid)
			}
		}
	}
	s.stops()
}

// TestMemoryLimitEndsOnlyTheChild lets a child allocate without bound.
func TestMemoryLimitEndsOnlyTheChild(t *testing.T) {
	s := supervise(t, "greedy", "TEST_MEMORY_LIMIT="+strconv.Itoa(128<<20))
	if line := s.until("GOMEMLIMIT"); line != fmt.Sprintf("GOMEMLIMIT %d", (104<<20)/10*8) {
		t.Error(line)
	}
	for range 3 {
		if line := s.until("Collector exited"); !strings.Contains(line, "exit_code=2") || !strings.Contains(line, "memory limit that the supervisor gives") {
			t.Errorf("%q", line)
		}
	}
	s.stops()
}

func TestMissingCollector(t *testing.T) {
	if _, err := New(Config{Stderr: io.Discard}); err == nil {
		t.Error("a missing command is accepted")
	}
	s, err := New(Config{Args: []string{"/does/not/exist"}, Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	restart := time.NewTimer(time.Hour)
	if s.start(restart) {
		t.Error("a missing file was started")
	}
	if got := s.Status(); got.Up || got.LastExitCode != -1 || !strings.Contains(got.LastReason, "/does/not/exist") {
		t.Errorf("status %+v", got)
	}
	if !restart.Stop() && s.failures != 1 {
		t.Error("no restart is scheduled")
	}
}

func TestBackoff(t *testing.T) {
	s, _ := New(Config{Args: []string{"x"}, Stderr: io.Discard})
	for _, test := range []struct {
		failures int
		longest  time.Duration
	}{{0, time.Second}, {3, 8 * time.Second}, {6, time.Minute}, {1_000_000, time.Minute}} {
		s.failures = test.failures
		var longest time.Duration
		for range 1000 {
			longest = max(longest, s.backoff())
		}
		if longest > test.longest || longest < test.longest*9/10 {
			t.Errorf("after %d failures up to %s, expected %s", test.failures, longest, test.longest)
		}
	}
	s.exited(time.NewTimer(time.Hour), outcome{ran: 2 * time.Minute})
	if s.failures != 1 {
		t.Errorf("%d failures after a stable run, expected 1", s.failures)
	}
}

func TestRing(t *testing.T) {
	written := ""
	r := newRing(10)
	for i := range 50 {
		text := strings.Repeat(string(rune('a'+i%26)), i%13)
		n, _ := r.Write([]byte(text))
		written += text
		if expected := written[max(0, len(written)-10):]; r.String() != expected || n != len(text) {
			t.Fatalf("after %d writes: %q, expected %q", i, r.String(), expected)
		}
	}
}

func TestHandler(t *testing.T) {
	s, _ := New(Config{Args: []string{"x"}, Stderr: io.Discard, StartupAddress: "127.0.0.1:1"})
	s.status.started(time.Unix(100, 0))
	s.status.exited(outcome{code: 137})
	s.status.started(time.Unix(200, 0))
	_, _ = s.log.Write([]byte("last words"))
	for path, expected := range map[string][]string{
		"/healthz": {"ok"},
		"/log":     {"last words"},
		"/startup": {"does not accept connections"},
		"/metrics": {"limit_reached 0\n", "collector_up 1\n", "restarts_total 1\n", "last_exit_code 137\n", "timestamp_seconds 200\n"},
	} {
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		for _, text := range expected {
			if !strings.Contains(answer.Body.String(), text) {
				t.Errorf("%s: %q is not in %q", path, text, answer.Body)
			}
		}
	}
}
