//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/terminal"
	"github.com/telepod/telepod/test/golden"
	"github.com/telepod/telepod/test/recording"
)

// checkScreen returns the output of telepod check for lines from real clusters.
func checkScreen(t *testing.T, to terminal.Terminal, name string) string {
	t.Helper()
	var lines []checks.Line
	if err := json.Unmarshal(read(t, "testdata/check/"+name+".json"), &lines); err != nil {
		t.Fatal(err)
	}
	return checkText(to, []string{"prod-use1"}, checks.Fold(lines), false)
}

// explainScreen returns the output of telepod explain for a workload with telemetry that a store does not accept.
func explainScreen(t *testing.T, to terminal.Terminal) string {
	t.Helper()
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	settings := injectorSettings{profile: "aws", facts: profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Account: "123456789012", Cluster: "prod-use1"}}}
	in, err := settings.injector(injector.Cluster{NativeSidecars: true, TopologyLabels: true})
	if err != nil {
		t.Fatal(err)
	}
	l := &liveExplanation{context: "prod-use1", route: &route.Route{}, namespace: fleet.Namespace{Exactly: true, Labelled: now.AddDate(0, -2, 0),
		Namespace: injector.Namespace{Name: "shop", Labels: map[string]string{injector.InjectionLabel: "enabled"}}}}
	if err := json.Unmarshal(read(t, "testdata/check/route.json"), l.route); err != nil {
		t.Fatal(err)
	}
	id := fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "checkout"}
	object := inventory.Object{Identity: id, JSON: []byte(`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "checkout", "namespace": "shop"}, "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop/checkout:1.9.0"}]}}}}`)}
	if err := l.plan(in, object); err != nil {
		t.Fatal(err)
	}
	l.Workload = fleet.Workload{Identity: id, State: fleet.Current, Why: "up to date", Affected: 3, Pods: 3}
	hash := l.now.Plan.Profile.Hash
	for _, name := range []string{"checkout-54986554b7-6qqk2", "checkout-54986554b7-jmctf", "checkout-54986554b7-w5x8n"} {
		l.findings = append(l.findings, fleet.Finding{Name: name, Created: now.AddDate(0, 0, -12), State: fleet.Current, Runs: "running", Has: &fleet.Version{Profile: "aws", Hash: hash},
			Status: injector.Status{Reason: injector.NamespaceEnabled, Endpoint: "node", Protocol: "http/protobuf", Sidecar: injector.SidecarNone}})
	}
	return (&explainFlags{}).liveText(to, l, now)
}

// drillScreenOf returns the output of telepod drill on a terminal: its progress, and the report up to the checks. The drill
// is from make demo DEMO=-check, which writes bin/demo-drill.json.
func drillScreenOf(t *testing.T) string {
	t.Helper()
	var r drill.Report
	if err := json.Unmarshal(read(t, "testdata/drill/demo.json"), &r); err != nil {
		t.Fatal(err)
	}
	plan := drill.Plan{ID: r.ID, Method: r.Method, Duration: r.Planned.Duration.Duration, GiveUp: r.Planned.GiveUp.Duration}
	var out bytes.Buffer
	show := drillScreen{&out}
	show.title(plan, r.Facts)
	for _, region := range r.Regions {
		var names []string
		for _, c := range region.Collectors {
			names = append(names, c.Name)
		}
		show.watched(region.Name, names)
	}
	show.able(plan)
	for _, e := range r.Events {
		show.event(e)
	}
	if err := r.WriteMarkdown(&out); err != nil {
		t.Fatal(err)
	}
	screen, _, _ := strings.Cut(out.String(), "\n## Times\n")
	return screen
}

// TestScreens: docs/cli.md shows the output of the commands.
func TestScreens(t *testing.T) {
	for _, screen := range []struct{ name, command, output string }{
		{"explain", "explain deploy/checkout -n shop --context prod-use1 --site-contexts prod-euw1", explainScreen(t, terminal.Terminal{})},
		{"broken", "check --context prod-use1", checkScreen(t, terminal.Terminal{}, "broken")},
		{"healthy", "check --context prod-use1", checkScreen(t, terminal.Terminal{}, "healthy")},
	} {
		want := "```\n$ telepod " + screen.command + "\n" + screen.output + "```\n"
		golden.Section(t, "../../docs/cli.md", "<!-- screen: "+screen.name+" -->\n", "<!-- end -->", want)
	}
}

// TestPictures: docs/images shows the screens in colour, on a terminal with recording.Columns.
func TestPictures(t *testing.T) {
	to := terminal.Terminal{Width: recording.Columns, Color: true}
	for _, picture := range []struct{ name, command, output string }{
		{"check", "telepod check --context prod-use1", problemsOnly(checkScreen(t, to, "broken"))},
		{"drill", "telepod drill failover --contexts shop-use1,shop-euw1,shop-eas --primary shop-use1 --backup shop-euw1 …", drillScreenOf(t)},
		{"explain-live", "telepod explain deploy/checkout -n shop --context prod-use1 --site-contexts prod-euw1", explainScreen(t, to)},
	} {
		golden.Compare(t, "../../docs/images/"+picture.name+".svg", string(recording.SVG(picture.command, []byte(picture.output))))
	}
}

// problemsOnly returns the start of a screen of telepod check, up to the healthy lines.
func problemsOnly(screen string) string {
	problems, _, _ := strings.Cut(screen, "\ncluster\n")
	return problems
}

// TestNarrow: explain fits a narrow terminal, except for names and commands, which stay whole.
func TestNarrow(t *testing.T) {
	for line := range strings.Lines(explainScreen(t, terminal.Terminal{Width: 100})) {
		words := strings.Fields(line)
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 && len(words) > 1 && words[0] != "repair:" {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if bytes.Contains([]byte(explainScreen(t, terminal.Terminal{})), []byte("\x1b")) {
		t.Error("colours without a terminal")
	}
}

// TestQuietCheck prints the verdict of each cluster and its problems, and nothing that works.
func TestQuietCheck(t *testing.T) {
	line := func(status checks.Status, seen string) checks.Line {
		return checks.Line{Context: "a", Section: "cluster", Code: "kubernetes", Status: status, Seen: seen}
	}
	got := checkText(terminal.Terminal{}, []string{"a"}, []checks.Line{line(checks.Failed, "bad"), line(checks.OK, "good"), line(checks.Skipped, "not checked")}, true)
	if want := "context a: 1 failed, 0 unknown, 0 warnings, 1 ok\n\nproblems\n  ✗ bad\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
