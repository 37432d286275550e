package certs

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

const host = "telepod-webhook.telepod-system.svc"

// material creates certificates for one host, as another program would.
type material struct {
	t  *testing.T
	ca authority
}

func newMaterial(t *testing.T, now time.Time) material {
	ca, err := newAuthority(now.Add(-10*day), 100*day)
	if err != nil {
		t.Fatal(err)
	}
	return material{t: t, ca: ca}
}

func (m material) pair(from time.Time, life time.Duration, name string) *keypair {
	m.t.Helper()
	pair, err := m.ca.issue(from, life, []string{name})
	if err != nil {
		m.t.Fatal(err)
	}
	return pair
}

// mount writes files as the kubelet does: a new directory, and a symlink that is swapped to it.
func mount(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	data, err := os.MkdirTemp(dir, "..version-")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(data, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		// Fails if the link of an earlier version exists, which is the same.
		_ = os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name))
	}
	fresh := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(data), fresh); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

func tlsFiles(pair *keypair) map[string][]byte {
	return map[string][]byte{keyServingCert: pair.certPEM, keyServingKey: pair.keyPEM}
}

func newFiles(t *testing.T, dir string, clock *clocktesting.FakeClock) *Files {
	t.Helper()
	f, err := NewFiles(FilesOptions{Dir: dir, Names: []string{host}, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFilesKeepTheLastValidCertificate(t *testing.T) {
	now := time.Now()
	m := newMaterial(t, now)
	good, other := m.pair(now, day, host), m.pair(now, day, host)
	file := func(cert, key []byte) map[string][]byte {
		return map[string][]byte{keyServingCert: cert, keyServingKey: key}
	}
	tests := []struct {
		name   string
		files  map[string][]byte
		reason Reason
		text   string
	}{
		{"garbage", file([]byte("no"), good.keyPEM), ReasonInvalid, "read certificate and key"},
		{"empty", file(nil, good.keyPEM), ReasonMissing, "empty"},
		{"key of another certificate", file(good.certPEM, other.keyPEM), ReasonKeyMismatch, "belongs to another"},
		{"expired", tlsFiles(m.pair(now.Add(-2*day), day, host)), ReasonExpired, "expired at"},
		{"not yet valid", tlsFiles(m.pair(now.Add(day), day, host)), ReasonNotYetValid, "not valid before"},
		{"another name", tlsFiles(m.pair(now, day, "else.svc")), ReasonWrongName, "only for else.svc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			mount(t, dir, tlsFiles(good))
			f := newFiles(t, dir, clocktesting.NewFakeClock(now))
			if s := f.Status(); !s.Ready || s.Reason != ReasonOK || s.Serial != serial(good.leaf()) {
				t.Fatalf("status %+v", s)
			}
			mount(t, dir, test.files)
			f.reload()
			s := f.Status()
			if !s.Ready || s.Reason != test.reason || s.Serial != serial(good.leaf()) || !strings.Contains(s.Message, test.text) {
				t.Errorf("after the invalid one: %+v", s)
			}
			mount(t, dir, tlsFiles(other))
			f.reload()
			if s := f.Status(); !s.Ready || s.Reason != ReasonOK || s.Serial != serial(other.leaf()) || s.Rotations != 1 {
				t.Errorf("after the next valid one: %+v", s)
			}
			// The same invalid certificate at the start, without a valid one before it.
			empty := t.TempDir()
			mount(t, empty, test.files)
			f = newFiles(t, empty, clocktesting.NewFakeClock(now))
			if _, err := f.GetCertificate(nil); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("it serves an invalid certificate, or the error lacks the cause: %v", err)
			}
			if s := f.Status(); s.Ready || s.Reason != test.reason {
				t.Errorf("invalid from the start: %+v", s)
			}
		})
	}
}

func TestFilesShowExpiryWithoutAnEvent(t *testing.T) {
	now := time.Now()
	clock := clocktesting.NewFakeClock(now)
	dir := t.TempDir()
	mount(t, dir, tlsFiles(newMaterial(t, now).pair(now, day, host)))
	f := newFiles(t, dir, clock)
	clock.Step(day + time.Minute)
	if s := f.Status(); s.Ready || s.Reason != ReasonExpired {
		t.Errorf("status %+v, want expired", s)
	}
}

func TestFilesOptions(t *testing.T) {
	for _, o := range []FilesOptions{{}, {CertFile: "a"}, {KeyFile: "a", Dir: "b"}} {
		if _, err := NewFiles(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// TestFilesAreFollowed performs TLS handshakes before and after the kubelet's swap. The clock is stopped, so only file
// events can show it.
func TestFilesAreFollowed(t *testing.T) {
	now := time.Now()
	m := newMaterial(t, now)
	dir := t.TempDir()
	clock := clocktesting.NewFakeClock(now)
	f := newFiles(t, dir, clock)
	if s := f.Status(); s.Ready || s.Reason != ReasonMissing {
		t.Fatalf("status %+v, want missing", s)
	}
	looked := make(chan struct{}, 100)
	report := f.checked
	f.checked = func(bad *fault) { report(bad); looked <- struct{}{} }
	defer run(t, f)()
	<-looked
	for range 3 {
		pair := m.pair(now, day, host)
		mount(t, dir, tlsFiles(pair))
		deadline := time.After(time.Minute)
		for f.Status().Serial != serial(pair.leaf()) {
			select {
			case <-looked:
			case <-deadline:
				t.Fatalf("the swap was not detected: %+v", f.Status())
			}
		}
		if got := handshake(t, f); got != serial(pair.leaf()) {
			t.Errorf("handshake with %s, want %s", got, serial(pair.leaf()))
		}
	}
}

// handshake returns the serial number that a client sees.
func handshake(t *testing.T, s Source) string {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go func() { _ = tls.Server(server, &tls.Config{GetCertificate: s.GetCertificate}).Handshake() }()
	c := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return serial(c.ConnectionState().PeerCertificates[0])
}

func TestFilesArePolledWithoutEvents(t *testing.T) {
	now := time.Now()
	m := newMaterial(t, now)
	// The directory is created later, so it cannot be watched.
	dir := filepath.Join(t.TempDir(), "late")
	clock := clocktesting.NewFakeClock(now)
	f := newFiles(t, dir, clock)
	looked := make(chan struct{}, 100)
	report := f.checked
	f.checked = func(bad *fault) { report(bad); looked <- struct{}{} }
	defer run(t, f)()
	<-looked
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	pair := m.pair(now, day, host)
	mount(t, dir, tlsFiles(pair))
	for f.Status().Serial != serial(pair.leaf()) {
		for !clock.HasWaiters() {
			runtime.Gosched()
		}
		clock.Step(pollInterval)
		<-looked
	}
}

func TestMetrics(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	pair := newMaterial(t, now).pair(now, day, host)
	mount(t, dir, tlsFiles(pair))
	values := map[string]float64{}
	reasons := 0
	for _, m := range Metrics(newFiles(t, dir, clocktesting.NewFakeClock(now)).Status()) {
		if m.Name == MetricReason {
			reasons++
			if want := truth(m.Reason == ReasonOK); m.Value != want {
				t.Errorf("reason %s is %v, want %v", m.Reason, m.Value, want)
			}
			continue
		}
		values[m.Name] = m.Value
	}
	if values[MetricReady] != 1 || values[MetricExpiry] != float64(pair.leaf().NotAfter.Unix()) || reasons != len(Reasons()) {
		t.Errorf("got %v and %d reasons", values, reasons)
	}
	if _, known := values[MetricRenewal]; known {
		t.Error("files have no known renewal time, but there is a series for it")
	}
}
