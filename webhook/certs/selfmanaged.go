package certs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/clock"
)

const (
	fieldManager = "telepod-certificates"

	// recheck limits the time between two checks: timers stop while a machine is suspended.
	recheck = 10 * time.Minute
	// retryFirst and retryLast limit the wait after an error.
	retryFirst, retryLast = 200 * time.Millisecond, 30 * time.Second
	// Checks after events are rate-limited, so two controllers that compete for a caBundle do not overload the
	// API server. The first few run immediately.
	checksPerSecond, checkBurst = 2, 20
)

// SelfManagedOptions configure a SelfManaged source.
type SelfManagedOptions struct {
	Client kubernetes.Interface
	// Namespace contains the Secret and the Service.
	Namespace string
	// SecretName is the Secret that replicas share. It is created if it does not exist.
	SecretName string
	// ServiceName is the Service through which API servers reach the webhook. It determines the names in the
	// certificate; the first is NAME.NAMESPACE.svc.
	ServiceName string
	// ExtraNames are additional DNS names for the certificate.
	ExtraNames []string
	// MutatingWebhooks and ValidatingWebhooks name the configurations with caBundles to keep up to
	// date. They need not exist yet.
	MutatingWebhooks, ValidatingWebhooks []string
	// Paths are the paths of webhooks, by their names in the configurations; a webhook without a path gets
	// a secret one.
	Paths     map[string]string
	Lifetimes Lifetimes
	// Clock and Log default to the real clock and slog.Default.
	Clock clock.Clock
	Log   *slog.Logger
}

// SelfManaged creates its own certificates. It needs permission to create Secrets in its namespace; to get, list,
// watch and update its own Secret; and to get, list, watch and patch the named webhook configurations.
type SelfManaged struct {
	*keeper
	options  SelfManagedOptions
	names    []string
	configs  []webhookConfig
	triggers chan struct{}
	paths    atomic.Pointer[callPaths]
	// held is the last valid state. Only Run's goroutine accesses held and issuer.
	held   *state
	issuer issuerSeen
}

// NewSelfManaged checks the options. Only Run accesses the cluster.
func NewSelfManaged(o SelfManagedOptions) (*SelfManaged, error) {
	if o.Client == nil || o.Namespace == "" || o.SecretName == "" || o.ServiceName == "" {
		return nil, errors.New("self-managed certificates: client, namespace, secret name and service name are needed")
	}
	var err error
	if o.Lifetimes, err = o.Lifetimes.withDefaults(); err != nil {
		return nil, err
	}
	s := &SelfManaged{
		keeper: newKeeper(o.Clock, o.Log), options: o, triggers: make(chan struct{}, 1),
		names: union(ServiceNames(o.ServiceName, o.Namespace), o.ExtraNames),
	}
	for _, name := range o.MutatingWebhooks {
		s.configs = append(s.configs, mutatingConfig(o.Client, name))
	}
	for _, name := range o.ValidatingWebhooks {
		s.configs = append(s.configs, validatingConfig(o.Client, name))
	}
	return s, nil
}

// ServiceNames returns the DNS names of a Service. API servers use the first.
func ServiceNames(service, namespace string) []string {
	base := service + "." + namespace
	return []string{base + ".svc", base + ".svc.cluster.local", base}
}

// Run implements Source.
func (s *SelfManaged) Run(ctx context.Context) error {
	var watches sync.WaitGroup
	defer watches.Wait()
	for _, n := range append([]named{s.secretWatch()}, s.configWatches()...) {
		watches.Go(func() { n.follow(ctx, s.trigger, n.logTrouble(s.log)) })
	}
	limiter := flowcontrol.NewTokenBucketRateLimiter(checksPerSecond, checkBurst)
	defer limiter.Stop()
	retry := retryFirst
	for {
		wait, err := s.reconcile(ctx)
		if err != nil {
			s.log.Debug("certificates not up to date, retrying", "after", retry, "error", err)
			wait, retry = retry, min(2*retry, retryLast)
		} else {
			retry = retryFirst
		}
		timer := s.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.triggers:
		case <-timer.C():
		}
		timer.Stop()
		if limiter.Wait(ctx) != nil {
			return nil // ctx ended
		}
	}
}

func (s *SelfManaged) trigger() {
	select {
	case s.triggers <- struct{}{}:
	default: // a check is already due
	}
}

func (s *SelfManaged) secretWatch() named {
	api := s.options.Client.CoreV1().Secrets(s.options.Namespace)
	return named{
		what: "Secret", name: s.options.SecretName, example: &corev1.Secret{}, client: s.options.Client,
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, o) },
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) { return api.Watch(ctx, o) },
	}
}

func (s *SelfManaged) configWatches() []named {
	var ns []named
	for _, c := range s.configs {
		ns = append(ns, c.named)
	}
	return ns
}

func (s *SelfManaged) secret() string {
	return fmt.Sprintf("Secret %s/%s", s.options.Namespace, s.options.SecretName)
}
