package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/build"
)

// Look describes a page in one colour scheme.
type Look struct {
	// Scheme is "light" or "dark".
	Scheme string
	// Background is the page's background color, as rgb(…).
	Background string
	// Text is the visible text.
	Text string
	// Texts counts the text elements checked; Faults lists the problems found.
	Texts  int
	Faults []string
	// Errors are the errors in the console, including violations of the page's Content-Security-Policy.
	Errors []string
	// Requests are the URLs of all requests, except the page's own.
	Requests []string
}

// Missing is the error if there is no browser. As root, test/cluster/install-debian.sh installs one.
var Missing = exec.ErrNotFound

// Open opens a page by its URL, light and dark, in a window of this width in pixels. Unless pictures is
// empty, screenshots are written to that directory, as light.png and dark.png.
func Open(ctx context.Context, page string, width int, pictures string) ([]Look, error) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("find chromium: %w", err)
	}
	program, err := build.Binary(ctx, build.Spec{Name: "chrome", Module: "test/browser/chrome", Takes: "about 1 minute"})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-browser", chromium, "-width", fmt.Sprint(width), "-pictures", pictures, page)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("open %s in chromium: %w: %s", page, err, strings.TrimSpace(stderr.String()))
	}
	var looks []Look
	if err := json.Unmarshal(out, &looks); err != nil {
		return nil, fmt.Errorf("parse the report on the page: %w", err)
	}
	return looks, nil
}

// ForTest returns the DOM of a page after its scripts have run. It skips the test if there is no browser.
func ForTest(t testing.TB, address string) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs Debian's package chromium")
	}
	cmd := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=20000", "--dump-dom", address)
	page, err := cmd.Output()
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	return string(page)
}
