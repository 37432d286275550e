//go:build !injector

package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/terminal"
)

// redraw shows the estate until it is stopped, and leaves the last screen.
func (f *statusFlags) redraw(cmd *cobra.Command) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := cmd.OutOrStdout()
	screen, err := terminal.OpenScreen(out)
	if errors.Is(err, terminal.ErrNoTerminal) {
		return wrongUsage(cmd, "--watch needs a terminal: omit it, or use --serve")
	}
	if err != nil {
		return err
	}
	last := ""
	for err == nil && ctx.Err() == nil {
		began := time.Now()
		rows := f.rows(ctx)
		if ctx.Err() != nil {
			break
		}
		last = statusText(terminal.Of(out), rows, time.Now())
		err = screen.Draw(fmt.Sprintf("%s, every %s; Ctrl-C ends\n\n%s", time.Now().Format(time.TimeOnly), f.interval, last))
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(began.Add(f.interval))):
		}
	}
	if err := errors.Join(err, screen.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprint(out, last)
	return err
}
