// Command telepod-cluster starts a test cluster by hand, and makes images for it.
//
//	telepod-cluster up [flags]                 start a cluster; Ctrl-C stops it
//	telepod-cluster build [flags]              build what "up" with these flags needs
//	telepod-cluster image OUT REF FILE PATH    write an image with one static binary at PATH
//
// Run it inside the repository: go run ./test/cluster/cmd/telepod-cluster up -nodes 2
//
// Its other commands (supervise, switch, machine) are processes of a running cluster.
package main

import (
	"fmt"
	"os"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/cluster/supervisor"
)

const usage = "usage: telepod-cluster up [flags] | build [flags] | image OUT REF FILE PATH (up -h lists flags)"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "telepod-cluster:", err)
		os.Exit(1)
	}
}

func run(command string, args []string) error {
	switch {
	case command == "up":
		return up(args)
	case command == "build":
		return prebuild(args)
	case command == "image" && len(args) == 4:
		return cluster.WriteImage(args[0], cluster.Image{
			Ref: args[1], Files: map[string]string{args[3]: args[2]}, Entrypoint: []string{args[3]},
		})
	case command == "supervise":
		return supervisor.Supervise(os.Stdin, os.Stdout)
	case command == "switch":
		return supervisor.Switch(os.Stdin, os.Stdout)
	case command == "machine" && len(args) == 1:
		return supervisor.Machine(args[0], os.Stdin)
	}
	return fmt.Errorf("%s", usage)
}
