// Command chrome opens a page in chromium, light and dark, and writes package browser's report as JSON.
package main

import (
	"context"
	_ "embed" // the script
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// script runs in the page, and returns the problems of its texts.
//
//go:embed inspect.js
var script string

// look mirrors package browser's Look.
type look struct {
	Scheme, Background, Text string
	Texts                    int
	Faults, Errors, Requests []string
}

func main() {
	program := flag.String("browser", "chromium", "path of the browser")
	width := flag.Int("width", 1280, "window width in pixels")
	pictures := flag.String("pictures", "", "directory for screenshots")
	flag.Parse()
	looks, err := open(*program, flag.Arg(0), *width, *pictures)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(looks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chrome:", err)
		os.Exit(1)
	}
}

func open(program, page string, width int, pictures string) (looks []look, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	// Chromium's sandbox does not work as root, and containers have little shared memory.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	defer end()
	for _, scheme := range []string{"light", "dark"} {
		l, err := one(ctx, page, scheme, width, pictures)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", scheme, err)
		}
		looks = append(looks, l)
	}
	return looks, nil
}

func one(ctx context.Context, page, scheme string, width int, pictures string) (look, error) {
	ctx, cancel := chromedp.NewContext(ctx)
	defer cancel()
	l := look{Scheme: scheme}
	var mu sync.Mutex
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			l.Errors = append(l.Errors, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			l.Errors = append(l.Errors, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			l.Errors = append(l.Errors, "console: "+e.Type.String())
		case *network.EventRequestWillBeSent:
			if url := e.Request.URL; url != page && !strings.HasPrefix(url, "data:") {
				l.Requests = append(l.Requests, url)
			}
		}
	})
	var seen struct {
		Background, Text string
		Texts            int
		Faults           []string
	}
	var picture []byte
	err := chromedp.Run(ctx, log.Enable(), network.Enable(), chromedp.EmulateViewport(int64(width), 900),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(page), chromedp.Evaluate(script, &seen), chromedp.FullScreenshot(&picture, 100))
	if err != nil {
		return l, err
	}
	mu.Lock()
	defer mu.Unlock()
	l.Background, l.Text, l.Texts, l.Faults = seen.Background, seen.Text, seen.Texts, seen.Faults
	if pictures != "" {
		err = os.WriteFile(filepath.Join(pictures, scheme+".png"), picture, 0o644)
	}
	return l, err
}
