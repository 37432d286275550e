package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/cluster"
)

// up runs a cluster until SIGINT or SIGTERM.
func up(args []string) (err error) {
	o, err := options("up", args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := cluster.Build(ctx, o); err != nil {
		return err
	}
	began := time.Now()
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("ready after %.1f s\n", time.Since(began).Seconds())
	for _, n := range c.Nodes() {
		fmt.Printf("node %s, address %s, logs in %s\n", n.Name, n.Address, n.Logs)
	}
	fmt.Printf("export KUBECONFIG=%s\nCtrl-C stops the cluster\n", c.Kubeconfig())
	<-ctx.Done()
	return c.Stop()
}

func prebuild(args []string) error {
	o, err := options("build", args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cluster.Build(ctx, o)
}

func options(command string, args []string) (cluster.Options, error) {
	var o cluster.Options
	flags := flag.NewFlagSet(command, flag.ExitOnError)
	flags.StringVar(&o.Name, "name", "telepod", "prefix of the nodes' names")
	flags.BoolVar(&o.IPv6, "ipv6", false, "use IPv6 addresses for nodes, pods and Services")
	nodes := flags.Int("nodes", 1, "number of nodes (they need root)")
	controlPlaneOnly := flags.Bool("control-plane-only", false, "start no nodes: works as any user, on loopback")
	var labels []string
	flags.Func("label", "NODE=KEY=VALUE, a label of node NODE (1, 2, …); may be repeated", func(l string) error {
		labels = append(labels, l)
		return nil
	})
	flags.Func("image", "docker-archive file to load on every node; may be repeated", func(f string) error {
		o.Images = append(o.Images, f)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%s accepts only flags, not %q", command, flags.Args())
	}
	if *controlPlaneOnly {
		*nodes = 0
	}
	o.Nodes = make([]cluster.Node, *nodes)
	for _, l := range labels {
		if err := label(o.Nodes, l); err != nil {
			return o, err
		}
	}
	return o, nil
}

func label(nodes []cluster.Node, l string) error {
	number, rest, _ := strings.Cut(l, "=")
	key, value, found := strings.Cut(rest, "=")
	n, err := strconv.Atoi(number)
	if err != nil || !found || n < 1 || n > len(nodes) {
		return fmt.Errorf("-label %s: want NODE=KEY=VALUE with NODE from 1 to %d", l, len(nodes))
	}
	if nodes[n-1].Labels == nil {
		nodes[n-1].Labels = map[string]string{}
	}
	nodes[n-1].Labels[key] = value
	return nil
}
