package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/install"
)

// testDisruptions creates pods continuously while the webhook is killed, rolled, upgraded and gets new certificates:
// every pod must be injected.
func testDisruptions(t *testing.T, s *stage) {
	s.namespace(t, "load", enabled(), nil)
	s.settled(t)
	for _, phase := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a replica is deleted without grace", func(t *testing.T) {
			replicas, err := s.replicas(t.Context())
			if err != nil || len(replicas) != 2 {
				t.Fatalf("%d replicas are ready, %v", len(replicas), err)
			}
			s.kubectl(t, "delete", "pod", "--namespace="+install.Namespace, replicas[0].Name, "--grace-period=0", "--force")
			s.settled(t)
		}},
		// Before the restart, so that the API server's new connections need the new CA.
		{"new CA and certificate", func(t *testing.T) { s.rotate(t) }},
		{"rolling restart", func(t *testing.T) {
			s.kubectl(t, "rollout", "restart", "--namespace="+install.Namespace, "deployment/"+install.Name)
			s.settled(t)
		}},
		{"the Secret is deleted", func(t *testing.T) {
			s.kubectl(t, "delete", "secret", "--namespace="+install.Namespace, certificateSecret)
			eventually(t, func(ctx context.Context) error {
				_, err := s.client.CoreV1().Secrets(install.Namespace).Get(ctx, certificateSecret, metav1.GetOptions{})
				return err
			})
		}},
		{"helm upgrade", func(t *testing.T) {
			s.upgrade(t, "injector: {log: {level: debug}, replicas: 2}")
			s.settled(t)
		}},
	} {
		t.Run(phase.name, func(t *testing.T) {
			load := s.startLoad(t)
			load.reach(t, 20)
			phase.do(t)
			load.reach(t, load.made()+20) // also afterwards
			load.finish(t)
		})
	}
}

// settled waits until exactly two replicas exist and are ready.
func (s *stage) settled(t *testing.T) {
	t.Helper()
	s.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, "deployment/"+install.Name, "--timeout=2m")
	eventually(t, func(ctx context.Context) error {
		ready, err := s.replicas(ctx)
		all, err2 := s.pods(ctx, install.Namespace, "app.kubernetes.io/component=injector")
		if err := errors.Join(err, err2); err != nil || len(ready) != 2 || len(all) != 2 {
			return fmt.Errorf("%d replicas of %d are ready: %w", len(ready), len(all), err)
		}
		return nil
	})
}

// load is a stream of pod creations.
type load struct {
	stop func()
	done sync.WaitGroup

	mu     sync.Mutex
	grown  *sync.Cond
	took   []time.Duration
	failed []error
}

// Two clients that pause for loadPause after each answer create about 30 pods a second on a small machine.
const (
	loadClients = 2
	loadPause   = 30 * time.Millisecond
)

func (s *stage) startLoad(t *testing.T) *load {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	l.grown = sync.NewCond(&l.mu)
	t.Cleanup(func() { // in case the phase failed
		stop()
		l.done.Wait()
	})
	for range loadClients {
		l.done.Go(func() {
			for pause := time.NewTicker(loadPause); ctx.Err() == nil; <-pause.C {
				l.one(client)
			}
		})
	}
	return l
}

func (l *load) one(client kubernetes.Interface) {
	began := time.Now()
	made, err := client.CoreV1().Pods("load").Create(context.Background(), pod("load", nil, nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	took := time.Since(began)
	if err == nil && made.Annotations[injector.StatusAnnotation] == "" {
		err = errors.New("the pod was not injected")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
	if err != nil {
		l.failed = append(l.failed, fmt.Errorf("%s, after %s: %w", began.Format(time.TimeOnly), took.Round(time.Millisecond), err))
	}
	l.grown.Broadcast()
}

// made is the number of pods so far.
func (l *load) made() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.took)
}

// reach waits until this many pods have been created.
func (l *load) reach(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.took) < n {
		l.grown.Wait()
	}
}

func (l *load) finish(t *testing.T) {
	t.Helper()
	l.stop()
	l.done.Wait()
	slices.Sort(l.took)
	n := len(l.took)
	t.Logf("%d pods, %d failed or not injected; p50 %s, p99 %s, slowest %s", n, len(l.failed),
		l.took[n/2].Round(time.Millisecond), l.took[n*99/100].Round(time.Millisecond), l.took[n-1].Round(time.Millisecond))
	if len(l.failed) > 0 {
		t.Errorf("%d of %d: %v", len(l.failed), n, errors.Join(l.failed[:min(5, len(l.failed))]...))
	}
}
