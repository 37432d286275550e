package clouds

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/procattr"
)

// process is a program on this machine that logs to a file.
type process struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
	err    error // exit status, valid once exited is closed
}

func start(log string, program string, args ...string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{cmd: exec.Command(program, args...), log: log, exited: make(chan struct{})}
	p.cmd.Dir = filepath.Dir(log)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = procattr.DieWithParent()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// ready waits until a URL answers 200.
func (p *process) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := get(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			text, _ := os.ReadFile(p.log) // best effort
			return fmt.Errorf("%s exited instead of serving: %w\n%s", p.cmd.Path, p.err, text)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %w", p.cmd.Path, context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) error {
	body, err := fetch(ctx, url)
	if err == nil {
		body.Close()
	}
	return err
}

// end sends SIGTERM to the program, and kills it if it does not exit in time.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has exited
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// client is the HTTP client for everything on this machine.
func client() *http.Client { return &http.Client{Timeout: 30 * time.Second} }
