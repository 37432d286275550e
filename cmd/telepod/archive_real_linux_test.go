//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/otlp"
	"github.com/telepod/telepod/test/pipeline"
)

// TestArchive lists, counts and replays an archive of real Collectors.
func TestArchive(t *testing.T) {
	s := newSite(t)
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"list", s.testList},
		{"count", s.testCount},
		{"replay over gRPC, with an outage", s.testOutage},
		{"replay of a cloud over HTTP", s.testOneCloud},
		{"replay killed and continued", s.testKill},
		{"dry run", s.testDryRun},
		{"replay with a damaged object", s.testDamage},
		{"replay into the site itself, over mutual TLS", s.testLoop},
	} {
		if !t.Run(part.name, part.test) {
			return
		}
	}
}

func (s *site) testList(t *testing.T) {
	code, out, stderr := s.telepod("list", "-o", "json", "--by", "minute")
	var rows []archive.Summary
	if err := json.Unmarshal([]byte(out), &rows); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	resp, err := http.Get("http://" + net.JoinHostPort(s.plant.Backends.Host, "8080") + "/s3/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var keys bytes.Buffer
	if _, err := keys.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	objects := 0
	for _, r := range rows {
		objects += r.Objects
		if age := time.Since(r.First); age < 0 || age > 10*time.Minute || r.Bytes == 0 {
			t.Errorf("%+v is from %v ago", r, age)
		}
	}
	if all := strings.Count(strings.TrimSpace(keys.String()), "\n") + 1; objects != all || objects < 2*rounds {
		t.Errorf("%d objects, want %d, and at least two a round", objects, all)
	}
}

func (s *site) testCount(t *testing.T) {
	want := map[archive.Source]archive.Amount{}
	for _, o := range origins() {
		for _, signal := range []archive.Signal{archive.Traces, archive.Logs} {
			o.Signal = signal
			want[o] = archive.Amount{Items: rounds * perRound}
		}
	}
	if diff := cmp.Diff(want, s.counted(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for source := range want {
		if source.Signal != archive.Traces || source.Cloud != "gcp" {
			delete(want, source)
		}
	}
	if diff := cmp.Diff(want, s.counted(t, "--cloud", "gcp", "--every-folder", "--signal", "traces", "--from", "1h")); diff != "" {
		t.Errorf("of one cloud (-want +got):\n%s", diff)
	}
}

// testOutage: the receiver is unavailable at first.
func (s *site) testOutage(t *testing.T) {
	k := s.sink(t)
	link := s.plant.Link(t, k.address, "4317")
	link.Cut()
	stderr, done := newWatched("retrying"), make(chan int)
	var out bytes.Buffer
	go func() {
		done <- run(s.args("replay", "--signal", "traces", "--endpoint", "http://"+link.Address), streams{strings.NewReader(""), &out, stderr})
	}()
	select {
	case <-stderr.seen:
	case code := <-done:
		t.Fatalf("exit code %d while the receiver is unavailable:\n%s%s", code, &out, stderr)
	case <-time.After(30 * time.Second):
		t.Fatalf("the output does not report that the receiver is unavailable:\n%s", stderr)
	}
	link.Restore(t)
	if code := <-done; code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, stderr)
	}
	if diff := cmp.Diff(s.once(""), k.spans(t, s.spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func (s *site) testOneCloud(t *testing.T) {
	k := s.sink(t)
	code, out, stderr := s.telepod("replay", "--cloud", "gcp", "--every-folder", "--endpoint", k.url("4318"), "--protocol", otlp.HTTP)
	if items := 2 * 2 * rounds * perRound; code != exitOK || !strings.Contains(out, fmt.Sprintf("replayed %d item(s)", items)) {
		t.Fatalf("exit code %d, want %d items\n%s%s", code, items, out, stderr)
	}
	if diff := cmp.Diff(s.once("gcp"), k.spans(t, s.spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// testKill kills a replay, then runs the same command again.
func (s *site) testKill(t *testing.T) {
	k := s.sink(t)
	file := filepath.Join(t.TempDir(), "checkpoint")
	arrived := func() int {
		data, _ := os.ReadFile(file)
		return strings.Count(string(data), `"done"`)
	}
	const parallel = 2
	flags := []string{"--signal", "traces", "--from", "1h", "--endpoint", k.url("4317"), "--checkpoint", file,
		"--parallel", fmt.Sprint(parallel), "--rate"}
	slow := exec.Command(os.Args[0], s.args("replay", append(flags, "25")...)...)
	slow.Env = append(os.Environ(), envRunsCommand+"=1")
	if err := slow.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slow.Process.Kill() })
	// The other worker's object is usually half sent by then: the workers share the rate.
	pipeline.Await(t, pipeline.Patience, "an object to have arrived", func() bool { return arrived() > 0 })
	if err := slow.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = slow.Wait() // returns that it was killed
	before := arrived()

	code, out, stderr := s.telepod("replay", append(flags, "0")...)
	if code != exitOK || !strings.Contains(out, fmt.Sprintf("%d object(s) were already delivered", before)) {
		t.Fatalf("exit code %d, %d objects were delivered before\n%s%s", code, before, out, stderr)
	}
	times := k.spans(t, s.spans)
	twice := 0
	for name := range s.spans {
		if times[name] == 0 {
			t.Errorf("span %s is lost", name)
		}
		twice += times[name] - 1
	}
	largest := perRound * len(origins())
	if twice > parallel*largest {
		t.Errorf("%d spans arrived twice, want at most those of %d objects, %d each", twice, parallel, largest)
	}
	t.Logf("%d objects before the kill; %d of %d spans arrived twice", before, twice, len(s.spans))
	if code, _, stderr := s.telepod("replay", "--endpoint", k.url("4317"), "--checkpoint", file); code != exitError || !strings.Contains(stderr, "it belongs to another replay") {
		t.Errorf("another replay with its checkpoint: exit code %d\n%s", code, stderr)
	}
}

func (s *site) testDryRun(t *testing.T) {
	code, out, stderr := s.telepod("replay", "--dry-run", "--signal", "logs")
	if code != exitOK || !strings.Contains(out, "logs ") || strings.Contains(out, "traces") || !strings.Contains(out, "would replay ") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	code, out, _ = s.telepod("replay", "--dry-run", "--signal", "logs", "-o", "json")
	var rows []archive.Summary
	if err := json.Unmarshal([]byte(out), &rows); code != exitOK || err != nil || len(rows) == 0 || rows[0].Objects == 0 {
		t.Errorf("exit code %d: %v in %s", code, err, out)
	}
}

// testDamage: one object is damaged.
func (s *site) testDamage(t *testing.T) {
	key := "traces/aws/us-east-1/" + time.Now().UTC().Format("year=2006/month=01/day=02/hour=15/minute=04/") + "damaged.binpb.zst"
	url := "http://" + s.s3 + "/archive/" + key
	put, err := http.NewRequest(http.MethodPut, url, strings.NewReader("(\xb5/\xfd, and then no zstd"))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(put); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	t.Cleanup(func() {
		remove, err := http.NewRequest(http.MethodDelete, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := http.DefaultClient.Do(remove); err != nil {
			t.Error(err)
		}
	})
	k := s.sink(t)
	code, out, stderr := s.telepod("replay", "--signal", "traces", "--endpoint", k.url("4317"), "-o", "json")
	var report replayReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Complete || len(report.Problems) != 1 || report.Items != int64(len(s.spans)) || report.Objects == 0 || report.Name == "" {
		t.Errorf("%v in %s", err, out)
	}
	if code != exitError || !strings.Contains(stderr, key) || !strings.Contains(stderr, "1 object(s) were not replayed") {
		t.Errorf("replay: exit code %d\n%s", code, stderr)
	}
	if diff := cmp.Diff(s.once(""), k.spans(t, s.spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	code, out, stderr = s.telepod("count", "--signal", "traces")
	if all := fmt.Sprint(len(s.spans)); code != exitError || !strings.Contains(out, all) || !strings.Contains(stderr, key) {
		t.Errorf("count: exit code %d\n%s%s", code, out, stderr)
	}
}

// testLoop: the site archives data that is replayed into it once; a second replay does not replay the replayed data.
func (s *site) testLoop(t *testing.T) {
	before := s.items(t)
	certificates := s.plant.Certificates()
	into := func(flags ...string) (int, string, string) {
		return s.telepod("replay", append(flags, "--signal", "traces", "--endpoint", "https://"+net.JoinHostPort(s.site.Address, "4317"),
			"--ca-file", filepath.Join(certificates, "ca.crt"))...)
	}
	if code, _, stderr := into("--give-up-after", "100ms"); code != exitError {
		t.Errorf("without a certificate: exit code %d\n%s", code, stderr)
	}
	client := []string{"--cert-file", filepath.Join(certificates, "tls.crt"), "--key-file", filepath.Join(certificates, "tls.key")}
	for round := range 2 {
		code, out, stderr := into(client...)
		if code != exitOK || !strings.Contains(out, fmt.Sprintf("replayed %d item(s)", len(s.spans))) {
			t.Fatalf("exit code %d\n%s%s", code, out, stderr)
		}
		if left := "because they came from an earlier replay"; strings.Contains(out, left) != (round > 0) {
			t.Errorf("replay %d:\n%s", round+1, out)
		}
		want := before + int64((round+1)*len(s.spans))
		pipeline.Await(t, pipeline.Patience, "the site to archive the replayed data", func() bool { return s.items(t) == want })
	}
	for source, amount := range s.counted(t, "--signal", "traces") {
		if want := (archive.Amount{Items: 3 * rounds * perRound, Replayed: 2 * rounds * perRound}); amount != want {
			t.Errorf("%v: %+v, want %+v", source, amount, want)
		}
	}
}
