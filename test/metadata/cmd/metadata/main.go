// Command metadata serves a cloud's metadata service on a node. It runs in the node's network, adds
// 169.254.169.254 to the loopback interface and answers there.
//
// The variable NODES contains JSON: a metadata.Node for each node name. NODE_NAME selects one.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/telepod/telepod/test/metadata"
)

func main() {
	if err := run(); err != nil {
		slog.Error("serve metadata", "error", err)
		os.Exit(1)
	}
}

func run() error {
	var nodes map[string]metadata.Node
	if err := json.Unmarshal([]byte(os.Getenv("NODES")), &nodes); err != nil {
		return fmt.Errorf("read NODES: %w", err)
	}
	name := os.Getenv("NODE_NAME")
	node, found := nodes[name]
	if !found {
		return fmt.Errorf("NODES has no node %q", name)
	}
	handler, err := node.Handler()
	if err != nil {
		return err
	}
	if err := addAddress(metadata.Address); err != nil {
		return fmt.Errorf("add the address %s to loopback: %w", metadata.Address, err)
	}
	server := &http.Server{Addr: metadata.Address + ":80", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	slog.Info("serving", "node", name, "cloud", node.Cloud, "address", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
