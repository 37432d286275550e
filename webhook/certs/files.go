package certs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
)

// pollInterval is how often files are read without an event: on file systems without events, or while the
// directory does not exist.
const pollInterval = 10 * time.Second

// FilesOptions configure a Files source.
type FilesOptions struct {
	// Dir contains tls.crt and tls.key, as in a mounted Secret of type kubernetes.io/tls, and
	// optionally ca.crt. CertFile and KeyFile, which must be set together, override it.
	Dir, CertFile, KeyFile string
	// The certificate must be valid for all Names. API servers call NAME.NAMESPACE.svc, the first of ServiceNames.
	Names []string
	// Clock and Log default to the real clock and slog.Default.
	Clock clock.Clock
	Log   *slog.Logger
}

// Files serves a certificate from files and follows their changes: rewrites, renames and the symlink
// swaps of mounted Secrets. The files need not exist yet.
type Files struct {
	*keeper
	options FilesOptions
	caFile  string
	// checked is called after each read with the problem, or nil.
	checked func(*fault)
}

// NewFiles checks the options and reads the files for the first time, so a valid certificate is served from the
// start.
func NewFiles(o FilesOptions) (*Files, error) {
	f := &Files{keeper: newKeeper(o.Clock, o.Log)}
	switch {
	case (o.CertFile == "") != (o.KeyFile == ""):
		return nil, errors.New("certificate files: set both certificate and key file, or a directory")
	case o.CertFile == "" && o.Dir == "":
		return nil, errors.New("certificate files: set a directory, or certificate and key file")
	case o.CertFile == "":
		o.CertFile = filepath.Join(o.Dir, corev1.TLSCertKey)
		o.KeyFile = filepath.Join(o.Dir, corev1.TLSPrivateKeyKey)
	}
	if o.Dir != "" {
		f.caFile = filepath.Join(o.Dir, keyBundle)
	}
	f.options = o
	f.checked = func(bad *fault) { f.report(f.condition(bad)) }
	f.reload()
	return f, nil
}

// Run implements Source.
func (f *Files) Run(ctx context.Context) error {
	var events <-chan fsnotify.Event
	var problems <-chan error
	watch := func() {}
	if w, err := fsnotify.NewWatcher(); err != nil {
		f.log.Warn("no file events, reading certificate files at intervals only", "interval", pollInterval, "error", err)
	} else {
		defer w.Close()
		events, problems, watch = w.Events, w.Errors, func() { f.watch(w) }
	}
	for {
		watch()
		f.reload() // after the watch starts, so no change is missed
		poll := f.clock.NewTimer(pollInterval)
		select {
		case <-ctx.Done():
			poll.Stop()
			return nil
		case <-events:
		case <-problems: // such as an overflow: reload, as after an event
		case <-poll.C():
		}
		poll.Stop()
	}
}

// watch adds the directories, not the files: replacing a file removes its watch. It is cheap if they are already
// watched, and its errors (no such directory) are temporary.
func (f *Files) watch(w *fsnotify.Watcher) {
	_ = w.Add(filepath.Dir(f.options.CertFile))
	_ = w.Add(filepath.Dir(f.options.KeyFile))
}

// reload reads the files, and serves their certificate if it is valid.
func (f *Files) reload() {
	pair, bad := f.read()
	if bad == nil {
		f.serve(pair)
	}
	f.checked(bad)
}

func (f *Files) read() (*keypair, *fault) {
	certPEM, bad := readFile(f.options.CertFile)
	if bad != nil {
		return nil, bad
	}
	keyPEM, bad := readFile(f.options.KeyFile)
	if bad != nil {
		return nil, bad
	}
	if old := f.pair.Load(); old != nil && bytes.Equal(old.certPEM, certPEM) && bytes.Equal(old.keyPEM, keyPEM) {
		return old, old.check(f.clock.Now(), f.options.Names)
	}
	pair, bad := parseKeypair(certPEM, keyPEM)
	if bad == nil {
		bad = pair.check(f.clock.Now(), f.options.Names)
	}
	if bad != nil {
		bad.text = fmt.Sprintf("%s: %s", f.options.CertFile, bad.text)
	}
	return pair, bad
}

func readFile(name string) ([]byte, *fault) {
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, faultf(ReasonMissing, "%s does not exist", name)
	case err != nil:
		return nil, faultf(ReasonInvalid, "read certificate files: %v", err)
	}
	return data, nil
}

func (f *Files) condition(bad *fault) condition {
	c := condition{reason: ReasonOK, message: "The certificate in the files is valid.", cas: f.cas()}
	if bad == nil {
		return c
	}
	c.reason, c.message = bad.reason, bad.text+". Put a valid certificate there; no restart is needed."
	if f.pair.Load() != nil {
		c.message += " Until then the last valid one is served."
	}
	return c
}

// cas describes the CAs in ca.crt. They are only reported, not used, so errors are ignored.
func (f *Files) cas() []CA {
	if f.caFile == "" {
		return nil
	}
	data, err := os.ReadFile(f.caFile)
	if err != nil {
		return nil
	}
	cas, _ := parseCertificates(data)
	return describeCAs(cas)
}
