package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/injector"
)

// Admissions is a stream of pod creations. Every pod must be injected.
type Admissions struct {
	pod  *corev1.Pod
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
	// An API server that hangs must not hang the test.
	loadPatience = 30 * time.Second
)

// StartAdmissions creates the pod repeatedly, as a dry run, until [Admissions.Finish] or the end of the test.
func StartAdmissions(t testing.TB, config *rest.Config, pod *corev1.Pod) *Admissions {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	a := &Admissions{pod: pod, stop: stop}
	a.grown = sync.NewCond(&a.mu)
	t.Cleanup(func() { // in case the test failed
		stop()
		a.done.Wait()
	})
	for range loadClients {
		a.done.Go(func() {
			for pause := time.NewTicker(loadPause); ctx.Err() == nil; <-pause.C {
				a.one(client)
			}
		})
	}
	return a
}

func (a *Admissions) one(client kubernetes.Interface) {
	began := time.Now()
	// Not the context of the stream: creations in flight when it stops are counted, too.
	ctx, cancel := context.WithTimeout(context.Background(), loadPatience)
	defer cancel()
	made, err := client.CoreV1().Pods(a.pod.Namespace).Create(ctx, a.pod.DeepCopy(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	took := time.Since(began)
	if err == nil && made.Annotations[injector.StatusAnnotation] == "" {
		err = errors.New("the pod was not injected")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, took)
	if err != nil {
		a.failed = append(a.failed, fmt.Errorf("%s, after %s: %w", began.Format(time.TimeOnly), took.Round(time.Millisecond), err))
	}
	a.grown.Broadcast()
}

// Made returns the number of pods so far.
func (a *Admissions) Made() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.took)
}

// Reach waits until this many pods have been created.
func (a *Admissions) Reach(t testing.TB, n int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.took) < n {
		a.grown.Wait()
	}
}

// Finish stops the stream, and fails the test if a creation failed or a pod was not injected.
func (a *Admissions) Finish(t testing.TB) {
	t.Helper()
	a.stop()
	a.done.Wait()
	slices.Sort(a.took)
	n := len(a.took)
	t.Logf("%d pods, %d failed or not injected; p50 %s, p99 %s, slowest %s", n, len(a.failed),
		a.took[n/2].Round(time.Millisecond), a.took[n*99/100].Round(time.Millisecond), a.took[n-1].Round(time.Millisecond))
	if len(a.failed) > 0 {
		t.Errorf("%d of %d pods failed or were not injected: %v", len(a.failed), n, errors.Join(a.failed[:min(5, len(a.failed))]...))
	}
}
