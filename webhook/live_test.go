package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/version"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/await"
)

const (
	goodProfile  = "name: shop\ninherits: base\nidentity: {region: one}\n"
	otherProfile = "name: shop\ninherits: base\nidentity: {region: two}\n"
	badProfile   = "name: shop\ninherits: basse\nidentitty: {}\n"
)

// volume is a directory that is laid out like a mounted ConfigMap.
type volume struct {
	t          *testing.T
	dir        string
	generation int
}

func newVolume(t *testing.T, text string) *volume {
	v := &volume{t: t, dir: t.TempDir()}
	v.put(text)
	if err := os.Symlink(filepath.Join("..data", "shop.yaml"), filepath.Join(v.dir, "shop.yaml")); err != nil {
		t.Fatal(err)
	}
	return v
}

// put writes a new generation and swaps the link.
func (v *volume) put(text string) {
	v.t.Helper()
	v.generation++
	data := "..generation-" + strings.Repeat("i", v.generation)
	for _, err := range []error{
		os.Mkdir(filepath.Join(v.dir, data), 0o755),
		os.WriteFile(filepath.Join(v.dir, data, "shop.yaml"), []byte(text), 0o644),
		os.Symlink(data, filepath.Join(v.dir, "..data_tmp")),
		os.Rename(filepath.Join(v.dir, "..data_tmp"), filepath.Join(v.dir, "..data")),
	} {
		if err != nil {
			v.t.Fatal(err)
		}
	}
}

func region(l *Live) string {
	plan := l.Planner().Plan(injector.Request{
		Pod:       &injector.Pod{Metadata: injector.Metadata{Annotations: map[string]string{"telepod.dev/inject": "true", "telepod.dev/profile": "shop"}}, Spec: injector.Spec{Containers: []injector.Container{{Name: "app"}}}},
		Namespace: injector.Namespace{Name: "shop"},
	})
	return plan.Profile.Identity.Region
}

func hash(l *Live, name string) string {
	profile, _ := l.set.Lookup(name)
	return profile.Hash
}

func newLive(t *testing.T, dir string) *Live {
	t.Helper()
	l, err := NewLive(LiveOptions{Injector: injector.Options{DefaultProfile: "shop"}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestProfilesAreReloaded(t *testing.T) {
	v := newVolume(t, goodProfile)
	l := newLive(t, v.dir)
	var log await.Log
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Follow(ctx, slog.New(slog.NewTextHandler(&log, nil))); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	if region(l) != "one" || l.Status().Generation != 1 {
		t.Fatalf("region %q, status %+v", region(l), l.Status())
	}
	v.put(otherProfile)
	eventually(t, "the second generation", func() bool { return region(l) == "two" && l.Status().Generation == 2 })

	v.put(badProfile)
	eventually(t, "the error", func() bool { return l.Status().Err != nil })
	if region(l) != "two" || l.Status().Generation != 2 {
		t.Errorf("the last valid set is not in use: region %q, status %+v", region(l), l.Status())
	}
	for _, want := range []string{"shop.yaml", "identitty", "basse", "did you mean"} {
		if err := l.Status().Err.Error(); !strings.Contains(err, want) {
			t.Errorf("no %q in %s", want, err)
		}
	}
	eventually(t, "the log line", func() bool { return strings.Contains(log.String(), "the last valid ones stay in use") })

	v.put(otherProfile) // the profile in use
	eventually(t, "the error to disappear", func() bool { return l.Status().Err == nil })
	if l.Status().Generation != 2 {
		t.Errorf("unchanged profiles made a new generation: %+v", l.Status())
	}
}

func TestReloadThatLosesTheDefaultProfile(t *testing.T) {
	v := newVolume(t, goodProfile)
	l := newLive(t, v.dir)
	v.put(strings.Replace(goodProfile, "shop", "stop", 1))
	if _, err := l.Reload(); err == nil || !strings.Contains(err.Error(), `did you mean "stop"?`) {
		t.Errorf("error %v", err)
	}
	if region(l) != "one" {
		t.Error("the last valid set is not in use")
	}
}

// TestStartWithBadProfiles checks that a mistake in one file affects neither the other files nor the webhook.
func TestStartWithBadProfiles(t *testing.T) {
	v := newVolume(t, badProfile)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(v.dir, "..data", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("child.yaml", "name: child\ninherits: shop\n") // inherits from a file that is left out
	write("good.yaml", "name: good\ninherits: aws\n")
	r := start(t, func(o *Options) { o.ProfilesDir = v.dir })
	r.waitReady(t)
	wantUse := "[+] profiles: generation 1: aws " + hash(r.live, "aws") + ", azure " + hash(r.live, "azure") + ", base " +
		hash(r.live, "base") + ", gcp " + hash(r.live, "gcp") + ", good " + hash(r.live, "good") + "; left out: shop.yaml, child.yaml; "
	code, text := r.get(t, health, "/readyz?verbose")
	if code != http.StatusOK || !strings.Contains(text, wantUse) || !strings.Contains(text, "shop.yaml:3: profile \"shop\": identitty") {
		t.Errorf("%d %s", code, text)
	}
	if _, text := r.get(t, metrics, "/metrics"); !strings.Contains(text, "telepod_profiles_last_reload_successful 0") {
		t.Error("telepod_profiles_last_reload_successful is not 0")
	}
	eventually(t, "the log line", func() bool {
		return strings.Contains(r.log.String(), `left_out="[shop.yaml child.yaml]"`) && strings.Contains(r.log.String(), "identitty")
	})
	if response := answer(t, post(r.Handler(), reviewOf("shop", wanted))); len(response.Patch) == 0 {
		t.Errorf("a pod with the default profile was not injected: %+v", response)
	}
	v.put(goodProfile)
	eventually(t, "the correction", func() bool { return region(r.live) == "one" })
	if s := r.live.Status(); s.Generation != 2 || s.Err != nil || s.LeftOut != nil {
		t.Errorf("after the correction: %+v", s)
	}
	if n := strings.Count(r.log.String(), "identitty"); n != 1 {
		t.Errorf("the mistake was logged %d times:\n%s", n, r.log)
	}
}

func TestStartWithoutTheBadFile(t *testing.T) {
	v := newVolume(t, badProfile)
	l, err := NewLive(LiveOptions{Injector: injector.Options{DefaultProfile: "aws"}, Dir: v.dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(v.dir, "..data", "shop.yaml")); err != nil {
		t.Fatal(err)
	}
	if changed, err := l.Reload(); changed || err != nil || l.Status().LeftOut != nil || l.Status().Err != nil {
		t.Errorf("changed %t, error %v, status %+v", changed, err, l.Status())
	}
}

// TestStartNeedsTheDefaultProfile checks the errors if the default profile cannot be loaded.
func TestStartNeedsTheDefaultProfile(t *testing.T) {
	for name, c := range map[string]struct {
		dir   string
		facts profiles.Facts
		want  []string
	}{
		"mistakes":      {newVolume(t, badProfile).dir, profiles.Facts{}, []string{"identitty", "basse", `default profile "shop": no such profile`}},
		"no directory":  {filepath.Join(t.TempDir(), "none"), profiles.Facts{}, []string{"read profiles directory", `default profile "shop"`}},
		"invalid facts": {newVolume(t, goodProfile).dir, profiles.Facts{Identity: profiles.Identity{Region: "a\x00"}}, []string{"facts: region"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewLive(LiveOptions{Injector: injector.Options{DefaultProfile: "shop"}, Facts: c.facts, Dir: c.dir})
			if err == nil {
				t.Fatal("NewLive returned no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
		})
	}
}

func TestClusterFollowsTheVersion(t *testing.T) {
	auto := injector.Capabilities{NativeSidecars: injector.Auto, TopologyLabels: injector.Auto}
	for _, c := range []struct {
		git   string
		needs injector.Capabilities
		want  injector.Cluster
	}{
		{"v1.28.15", auto, injector.Cluster{}},
		{"v1.29.0", auto, injector.Cluster{NativeSidecars: true}},
		{"v1.34.4-eks-113cf36", auto, injector.Cluster{NativeSidecars: true}},
		{"v1.35.0-gke.100", auto, injector.Cluster{NativeSidecars: true, TopologyLabels: true}},
		{"v1.36.3", injector.Capabilities{NativeSidecars: injector.Never, TopologyLabels: injector.Never, NodeIPv6: true}, injector.Cluster{NodeIPv6: true}},
		{"v1.20.0", injector.Capabilities{NativeSidecars: injector.Always, TopologyLabels: injector.Always}, injector.Cluster{NativeSidecars: true, TopologyLabels: true}},
	} {
		l, err := NewLive(LiveOptions{Injector: injector.Options{DefaultProfile: "base"}})
		if err != nil {
			t.Fatal(err)
		}
		v := &versioner{live: l, needs: c.needs, log: slog.New(slog.DiscardHandler),
			ask: func(context.Context) (*version.Info, error) { return &version.Info{GitVersion: c.git}, nil }}
		if err := v.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l.cluster != c.want || *v.known.Load() != c.git {
			t.Errorf("%s with %+v: %+v, want %+v", c.git, c.needs, l.cluster, c.want)
		}
	}
}

func TestFactsReachTheProfiles(t *testing.T) {
	l, err := NewLive(LiveOptions{Injector: injector.Options{DefaultProfile: "aws"}, Facts: profiles.Facts{Identity: profiles.Identity{Region: "eu-west-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if aws, _ := l.set.Lookup("aws"); aws.Identity.Region != "eu-west-1" {
		t.Errorf("region %q", aws.Identity.Region)
	}
}

// eventually waits until done returns true. It polls, because the condition depends on another goroutine. Its limit
// only ends tests that cannot succeed.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("gave up waiting for %s", what)
		case <-tick.C:
		}
	}
}
