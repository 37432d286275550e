package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestStartupProbe(t *testing.T) {
	for name, test := range map[string]struct {
		status int // of the supervisor; 0: it does not listen
		fails  string
		log    string
	}{
		"open":          {http.StatusOK, "", ""},
		"closed":        {http.StatusServiceUnavailable, "not started: no Collector", ""},
		"no supervisor": {0, "", "so the application starts"},
	} {
		t.Run(name, func(t *testing.T) {
			socket := fmt.Sprintf("@collector-supervisor-%d-%s", os.Getpid(), strings.ReplaceAll(name, " ", "-"))
			if test.status != 0 {
				listener, err := net.Listen("unix", socket)
				if err != nil {
					t.Fatal(err)
				}
				defer listener.Close()
				go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					http.Error(w, "no Collector", test.status)
				}))
			}
			var stderr bytes.Buffer
			err := startupProbe(socket, &stderr)
			if fmt.Sprint(err) != test.fails && (err != nil || test.fails != "") {
				t.Errorf("%v, want %q", err, test.fails)
			}
			if !strings.Contains(stderr.String(), test.log) {
				t.Errorf("logged %q, want %q", stderr.String(), test.log)
			}
		})
	}
}

func TestDurationFromTheEnvironment(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "5s": 5 * time.Second, "5": 0, "-1s": 0, "soon": 0} {
		t.Setenv(startupLimitVariable, text)
		var stderr bytes.Buffer
		if got := fromEnvironment(startupLimitVariable, &stderr); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		if complains := stderr.Len() > 0; complains != (text != "" && want == 0) {
			t.Errorf("%q: %q", text, stderr.String())
		}
	}
}
