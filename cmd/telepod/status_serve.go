//go:build !injector

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"github.com/telepod/telepod/fleet/status"
)

// Limits of the page's server, which is for a few people.
const (
	servedConnections = 64
	servedFor         = 3 * time.Second // requests within this time share one reading
	servedHeaders     = 16 << 10
	servedIdle        = time.Minute
	servedRefresh     = 10 // seconds
)

// listen serves the page until it is stopped.
func (f *statusFlags) listen(cmd *cobra.Command) error {
	address, err := listenAddress(f.serve)
	if err != nil {
		return wrongUsage(cmd, "--serve %q: %w", f.serve, err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("serve the page: %w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(cmd.ErrOrStderr(), "http://%s until Ctrl-C\n", l.Addr())
	if !isLoopback(address) {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: everyone who can reach this address sees the page: there is no login and no TLS")
	}
	return servePage(ctx, netutil.LimitListener(l, servedConnections), &estatePage{read: f.rows, host: hostOf(address)}, f.timeout)
}

// listenAddress returns HOST:PORT. Only a port means localhost.
func listenAddress(given string) (string, error) {
	host, port, err := net.SplitHostPort(given)
	if err != nil {
		host, port = "", given
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return "", errors.New("use a port, or HOST:PORT")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

func isLoopback(address string) bool {
	host := hostOf(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func servePage(ctx context.Context, l net.Listener, page http.Handler, timeout time.Duration) error {
	server := &http.Server{Handler: page, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: timeout + 10*time.Second, IdleTimeout: servedIdle, MaxHeaderBytes: servedHeaders,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ending) // remaining connections end with the process
	}()
	if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// estatePage reads the clusters on request, one reading at a time.
type estatePage struct {
	read func(context.Context) []status.Row
	// host is the host in the listen address.
	host string

	mu   sync.Mutex
	at   time.Time
	body []byte
}

func (p *estatePage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", status.Policy()+"; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	switch {
	case !p.isFor(r.Host):
		// Refuse other host names: through one of them, a foreign page could read this one (DNS rebinding).
		http.Error(w, "this host name is not served here", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET is allowed", http.StatusMethodNotAllowed)
	case r.URL.Path != "/":
		http.NotFound(w, r)
	default:
		body, err := p.current(r.Context())
		if err != nil {
			http.Error(w, "the page could not be written", http.StatusInternalServerError)
			return
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body) // the client may be gone
	}
}

// isFor reports whether a request's Host is an IP address, localhost, or the configured host.
func (p *estatePage) isFor(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	_, err := netip.ParseAddr(name)
	return err == nil || strings.EqualFold(name, "localhost") || strings.EqualFold(name, p.host)
}

// current returns the page, at most some seconds old. Concurrent requests share one reading.
func (p *estatePage) current(ctx context.Context) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.body != nil && time.Since(p.at) < servedFor {
		return p.body, nil
	}
	rows := p.read(context.WithoutCancel(ctx)) // bounded by --timeout; others may wait for it
	var b bytes.Buffer
	if err := (status.Page{At: time.Now(), Rows: rows, Refresh: servedRefresh}).Write(&b); err != nil {
		return nil, err
	}
	p.body, p.at = b.Bytes(), time.Now()
	return p.body, nil
}
