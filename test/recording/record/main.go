// Command record runs a command in a terminal and draws it for the documentation.
//
//	go run ./test/recording/record PICTURE.svg COMMAND
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/telepod/telepod/test/recording"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: record PICTURE.svg COMMAND")
	}
	out, err := recording.Run(ctx, nil, args[1])
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], recording.SVG(args[1], out), 0o644)
}
