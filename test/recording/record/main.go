// Command record runs a command in a terminal and draws it for the documentation: test/recording/pictures.sh.
//
//	go run ./test/recording/record PICTURE.svg 'telepod check --context prod-use1' ['the command as it is run']
package main

import (
	"context"
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
	if len(args) != 2 && len(args) != 3 {
		return fmt.Errorf("usage: record PICTURE.svg COMMAND [COMMAND TO RUN]")
	}
	out, err := recording.Run(ctx, nil, args[len(args)-1])
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], recording.SVG(args[1], out), 0o644)
}
