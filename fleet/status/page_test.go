package status_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/test/browser"
)

var pictures = flag.String("pictures", "", "keep pictures of the page in this directory")

func page(t *testing.T, list []status.Row) string {
	t.Helper()
	var b bytes.Buffer
	if err := (status.Page{At: now, Rows: list}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageInABrowser opens the page in a browser: everything on it is visible, light and dark, wide and narrow.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser; run without -short")
	}
	long := status.Row{Context: "arn:aws:eks:ap-southeast-2:123456789012:cluster/" + strings.Repeat("a-very-long-name-", 8), Error: strings.Repeat("unbrokenword", 12)}
	for name, c := range map[string]struct {
		rows  []status.Row
		width int
		keep  string
	}{
		"estate":        {rows(t), 1280, *pictures},
		"narrow":        {append(rows(t), long), 480, ""},
		"one cluster":   {rows(t)[:1], 1280, ""},
		"none answered": {[]status.Row{long}, 1280, ""},
		"nothing":       {nil, 1280, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "status.html")
			if err := os.WriteFile(file, []byte(page(t, c.rows)), 0o600); err != nil {
				t.Fatal(err)
			}
			looks, err := browser.Open(t.Context(), "file://"+file, c.width, c.keep)
			if errors.Is(err, browser.Missing) && os.Geteuid() != 0 {
				t.Skip("chromium is not installed")
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range looks {
				for _, text := range append(append(l.Faults, l.Errors...), l.Requests...) {
					t.Errorf("%s: %s", l.Scheme, text)
				}
				for _, row := range c.rows {
					if !strings.Contains(l.Text, row.Context) {
						t.Errorf("%s: no %q among\n%s", l.Scheme, row.Context, l.Text)
					}
				}
			}
			if len(looks) != 2 || looks[0].Background == looks[1].Background {
				t.Errorf("light and dark mode have the same background: %+v", looks)
			}
		})
	}
}

// TestPageShows checks the map and the tables.
func TestPageShows(t *testing.T) {
	got := page(t, rows(t))
	for _, text := range []string{
		"2 of 3 clusters need attention", "412 of 412", "sends to the backup site", "not read: ask the API server for its version: dial tcp 10.1.2.3:443: i/o timeout",
		`class="link flowing"`, `class="link standby"`, `class="link down"`, "2,500 spans/s", "✕ primary not reachable", "≥ 2,500", "$1,234", "$12.30 (40 % measured)",
		"72 % (720 kB", "backup, for 3m", "26 November, 11:57:00 UTC", "primary site", "eks-use1 · 1/1 Collectors",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("the page has no %q", text)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestPageIsSelfContained(t *testing.T) {
	outside := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|https?://|<script`)
	if found := outside.FindString(page(t, rows(t))); found != "" {
		t.Errorf("the page has %q, which may need the network", found)
	}
}

// TestHostileTextIsEscaped: names and errors come from kubeconfigs, clusters and Collectors.
func TestHostileTextIsEscaped(t *testing.T) {
	const hostile = `</style></text><script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	at := now.Add(-time.Hour)
	row := status.Row{Context: hostile, Place: status.Place{Cluster: hostile, Cloud: hostile, Region: hostile},
		Central: &status.Central{Name: hostile}, Certificate: &status.Certificate{Of: hostile},
		Problems: []status.Problem{{Text: hostile}},
		Traffic:  &status.Traffic{Site: &status.Use{Name: hostile}, Sites: []status.Site{{Name: hostile}}, LastSwitch: &at}}
	got := page(t, []status.Row{row, {Context: "b", Error: hostile}})
	for _, tag := range []string{"<script", "<img", "</style><", `"'>`} {
		if strings.Contains(got, tag) {
			t.Errorf("the page has %q", tag)
		}
	}
	if !strings.Contains(got, "&lt;script&gt;alert(1)") {
		t.Error("the text is not shown")
	}
}
