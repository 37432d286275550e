package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// socket is where the supervisor answers probes. It is abstract: it needs no writable file system, uses no port of
// the pod, and no service mesh redirects it.
const socket = "@collector-supervisor"

// patience is how long a probe waits for the supervisor, which listens a moment after its start.
const patience = 2 * time.Second

// startupProbe asks the supervisor whether the application may start. Without an answer it may: a supervisor that cannot
// listen must not keep it from starting.
func startupProbe(socket string, stderr io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialUntil(ctx, socket)
	}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://supervisor/startup", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		fmt.Fprintf(stderr, "collector-supervisor: the supervisor does not answer, so the application starts: %v\n", err)
		return nil
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusServiceUnavailable {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("not started: %s", bytes.TrimSpace(reason))
	}
	return nil
}

// dialUntil retries until ctx ends.
func dialUntil(ctx context.Context, socket string) (net.Conn, error) {
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			return connection, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
