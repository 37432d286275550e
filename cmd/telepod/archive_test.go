//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/telepod/telepod/archive"
)

// TestArchiveMistakes: a wrong command line gets an error with the fix, before any request to a bucket.
func TestArchiveMistakes(t *testing.T) {
	for _, test := range []struct{ args, stderr string }{
		{"lst", `(did you mean "list"?)`},
		{"list", "--bucket is required: set it to the name of the bucket"},
		{"list extra", `unknown command "extra"`},
		{"count --bucket b --signal trace", `choose one of traces, metrics, logs (did you mean "traces"?)`},
		{"count --bucket b --from yesterday", `--from: invalid time "yesterday": use 2026-11-22T10:04:00Z`},
		{"count --bucket b --from 1h --to 2h", "is not before --to"},
		{"list --bucket b --by week", "choose one of all, day, hour, minute"},
		{"replay --bucket b", "--endpoint is required: set it to a URL, or use --dry-run"},
		{"replay --bucket b --endpoint http://e --protocol grcp", `(did you mean "grpc"?)`},
		{"replay --bucket b --endpoint http://e --byte-rate fast", `--byte-rate="fast": write a number such as 500k, 5M or 5Mi`},
		{"replay --bucket b --endpoint http://e --byte-rate 5m", `--byte-rate="5m": write a number such as 500k, 5M or 5Mi`},
		{"replay --bucket b --endpoint http://ada:secret@e --protocol http/protobuf --checkpoint c", "set the header Authorization in OTEL_EXPORTER_OTLP_HEADERS"},
		{"replay --bucket b --endpoint http://e --rate -1", "--rate must not be negative"},
		{"replay --bucket b --endpoint http://e --parallel 0", "--parallel must be at least 1"},
		{"replay --bucket b --endpoint https://e --cert-file c", "--cert and --key must be used together"},
		{"replay --bucket b --endpoint http://e --ca-file c", "is plain text, so certificates have no effect: use https://"},
		{"replay --bucket b --endpoint http://e --header x", "--header: write name=value"},
	} {
		var out, stderr bytes.Buffer
		args := strings.Split("archive "+test.args, " ")
		if code := run(args, streams{strings.NewReader(""), &out, &stderr}); code != exitUsage || !strings.Contains(stderr.String(), test.stderr) || strings.Contains(stderr.String(), "secret") {
			t.Errorf("%s: exit code %d\n%s\nwant %q", test.args, code, &stderr, test.stderr)
		}
	}
}

// bucketOf serves a list of objects in one folder, like S3.
func bucketOf(t *testing.T, folder string, files ...string) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		prefix := r.URL.Query().Get("prefix")
		fmt.Fprint(w, "<ListBucketResult>")
		defer fmt.Fprint(w, "</ListBucketResult>")
		rest, inside := strings.CutPrefix(folder, prefix)
		if r.URL.Query().Has("delimiter") {
			if next, _, deeper := strings.Cut(rest, "/"); inside && deeper {
				fmt.Fprintf(w, "<CommonPrefixes><Prefix>%s%s/</Prefix></CommonPrefixes>", prefix, next)
			}
			return
		}
		for _, file := range files {
			name, class, _ := strings.Cut(file, " ")
			fmt.Fprintf(w, "<Contents><Key>%s%s</Key><Size>1500000</Size><StorageClass>%s</StorageClass></Contents>", folder, name, class)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestArchiveList prints a table, and notes on unexpected objects.
func TestArchiveList(t *testing.T) {
	url := bucketOf(t, "traces/aws/us-east-1/", "year=2026/month=11/day=22/hour=10/minute=03/a STANDARD",
		"year=2026/month=11/day=22/hour=11/minute=04/b GLACIER", "stray STANDARD")
	for flags, want := range map[string]string{
		"": `SIGNAL  CLOUD  REGION     OBJECTS  SIZE    FIRST              LAST
traces  aws    us-east-1  2        3.0 MB  2026-11-22T10:03Z  2026-11-22T11:04Z
`,
		"--by hour": `SIGNAL  CLOUD  REGION     TIME               OBJECTS  SIZE
traces  aws    us-east-1  2026-11-22T10:00Z  1        1.5 MB
traces  aws    us-east-1  2026-11-22T11:00Z  1        1.5 MB
`,
	} {
		var out, stderr bytes.Buffer
		args := append([]string{"archive", "list", "--bucket", "b", "--bucket-endpoint", url}, strings.Fields(flags)...)
		if code := run(args, streams{strings.NewReader(""), &out, &stderr}); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, &stderr)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", flags, diff)
		}
		for _, note := range []string{"1 object(s) in the bucket do not belong to the archive, such as traces/aws/us-east-1/stray", "1 object(s) are in Glacier"} {
			if !strings.Contains(stderr.String(), note) {
				t.Errorf("no note %q in:\n%s", note, &stderr)
			}
		}
	}
}

// TestArchiveJSON: an empty result is a list, too.
func TestArchiveJSON(t *testing.T) {
	url := bucketOf(t, "nothing/")
	for _, command := range []string{"list", "count"} {
		var out, stderr bytes.Buffer
		code := run([]string{"archive", command, "--bucket", "b", "--bucket-endpoint", url, "-o", "json"}, streams{strings.NewReader(""), &out, &stderr})
		var rows []any
		if err := json.Unmarshal(out.Bytes(), &rows); err != nil || rows == nil || code != exitOK || !strings.Contains(stderr.String(), "no archived objects match the selection") {
			t.Errorf("%s: exit code %d, %v\n%s%s", command, code, err, &out, &stderr)
		}
	}
}

// TestTallyEscapesNames: each source is one line, even with a hostile service name.
func TestTallyEscapesNames(t *testing.T) {
	source := archive.Source{Folder: archive.Folder{Signal: archive.Traces, Cloud: "aws", Region: "r"}, Service: "a\x1b[2J\nb"}
	var out bytes.Buffer
	if err := printTally(&out, archive.Tally{source: {Items: 1}}, "table"); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "\x1b") || strings.Count(got, "\n") != 3 || !strings.Contains(got, "a?[2J?b") {
		t.Errorf("printed %q", got)
	}
}

// TestOutputHasNoControlCharacters: untrusted keys and messages cannot control the terminal.
func TestOutputHasNoControlCharacters(t *testing.T) {
	evil := "a\x01\x1b[2J\u009b2J\x7f\nb"
	rows := []archive.Summary{{Folder: archive.Folder{Signal: archive.Traces, Cloud: evil, Region: evil}}}
	problem := &archive.ObjectError{Key: evil, Err: errors.New(evil)}
	cmd := newArchiveListCommand()
	cmd.SetContext(t.Context())
	for name, print := range map[string]func(io.Writer) error{
		"table":    func(w io.Writer) error { return printPartitions(w, rows, false) },
		"by time":  func(w io.Writer) error { return printPartitions(w, rows, true) },
		"json":     func(w io.Writer) error { return printJSON(w, rows) },
		"note":     func(w io.Writer) error { noteListing(w, archive.Listing{Foreign: []string{evil}}); return nil },
		"problems": func(w io.Writer) error { _ = reportProblems(w, []error{problem}, "counted"); return nil },
		"error":    func(w io.Writer) error { _, err := fmt.Fprintln(w, runError(cmd, errors.New(evil))); return err },
	} {
		var out bytes.Buffer
		if err := print(&out); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(out.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) || strings.Contains(out.String(), "\nb") {
			t.Errorf("%s prints %q", name, &out)
		}
	}
	var out bytes.Buffer
	var back []archive.Summary
	if err := printJSON(&out, rows); err != nil || json.Unmarshal(out.Bytes(), &back) != nil || back[0].Cloud != evil {
		t.Errorf("%q does not come back out of JSON: %v, %v", evil, back, err)
	}
}

func TestProgressLine(t *testing.T) {
	for _, test := range []struct {
		state   progressState
		elapsed time.Duration
		want    string
	}{
		{progressState{allObjects: 8, allStored: 4e6}, time.Second, "[                        ]   0% 0/8 objects, 0 B of 4.0 MB"},
		{progressState{objects: 2, allObjects: 8, stored: 1e6, allStored: 4e6, note: "7 items"}, 10 * time.Second,
			"[======                  ]  25% 2/8 objects, 1.0 MB of 4.0 MB, 30s left, 7 items"},
		{progressState{objects: 4, allObjects: 8, stored: 2e6, before: 1e6, allStored: 4e6}, 10 * time.Second,
			"[============            ]  50% 4/8 objects, 2.0 MB of 4.0 MB, 20s left"},
		{progressState{objects: 8, allObjects: 8, stored: 4e6, allStored: 4e6}, time.Second, "[========================] 100% 8/8 objects, 4.0 MB of 4.0 MB"},
		{progressState{}, 0, "[========================] 100% 0/0 objects, 0 B of 0 B"},
	} {
		if got := test.state.line(test.elapsed); got != test.want {
			t.Errorf("line is\n%s, want\n%s", got, test.want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 17e6: "17.0 MB", 5e15: "5.0 PB"} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) is %q, want %q", bytes, got, want)
		}
	}
}

// TestReplayHeaders: headers from the environment are decoded, and flags take precedence.
func TestReplayHeaders(t *testing.T) {
	t.Setenv(envHeaders, "authorization=Bearer%20abc, x-team=shop")
	f := targetFlags{headers: []string{"x-team=platform", "x-query=a=b"}}
	got, err := f.allHeaders()
	want := map[string]string{"authorization": "Bearer abc", "x-team": "platform", "x-query": "a=b"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	t.Setenv(envHeaders, "secret")
	if _, err := f.allHeaders(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one without the value", err)
	}
}

// TestReplayTerms: the selection is part of a checkpoint's terms, so that a checkpoint is not used for another
// replay.
func TestReplayTerms(t *testing.T) {
	seen := map[archive.Terms]string{}
	for _, flags := range []string{"", "--from 1h", "--to 1h", "--cloud aws", "--region r", "--signal logs", "--every-folder",
		"--mark=false", "--replayed", "--endpoint http://other", "--bucket other", "--bucket-endpoint http://s3"} {
		f := &replayFlags{}
		cmd := newReplayCommand(f)
		if err := cmd.ParseFlags(append([]string{"--bucket", "b", "--endpoint", "http://e"}, strings.Fields(flags)...)); err != nil {
			t.Fatal(err)
		}
		terms := f.start(&archive.Replay{}).Terms
		if other, same := seen[terms]; same {
			t.Errorf("%q and %q have the same terms: %+v", flags, other, terms)
		}
		seen[terms] = flags
	}
}

// TestArchiveDocs: docs/archive.md lists exactly the commands' flags.
func TestArchiveDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, flag := range regexp.MustCompile("--[a-z][a-z-]+").FindAllString(string(read(t, "../../docs/archive.md")), -1) {
		documented[flag] = true
	}
	flags := map[string]bool{}
	for _, cmd := range newArchiveCommand().Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags["--"+f.Name] = true })
	}
	delete(flags, "--output") // as -o
	if diff := cmp.Diff(flags, documented); diff != "" {
		t.Errorf("(-flags +documented):\n%s", diff)
	}
}
