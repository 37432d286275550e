// Program shop is a small shop spread over three clouds: four services and a load driver. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: shop COMMAND [flags]

  shop order       accepts orders; calls product, inventory and payment   (AWS)
  shop product     the catalogue                                          (Google Cloud)
  shop inventory   the stock, over gRPC                                   (Google Cloud)
  shop payment     charges payments                                       (Azure)
  shop load        places orders at a constant rate and counts the results

shop COMMAND -h lists the flags of a command. Most flags can also be set by a variable`

func main() {
	// A stopping pod gets SIGTERM: finish pending requests and flush the telemetry.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	name, args := args[0], args[1:]
	switch name {
	case "order":
		return runOrder(ctx, args)
	case "product":
		return runProduct(ctx, args)
	case "inventory":
		return runInventory(ctx, args)
	case "payment":
		return runPayment(ctx, args)
	case "load":
		return runLoad(ctx, args)
	}
	return fmt.Errorf("unknown command %q\n%s", name, usage)
}
