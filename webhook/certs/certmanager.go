package certs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// pollCertificate is the polling interval for cert-manager's objects while a certificate is being issued:
// CertificateRequests change without a change to the Certificate.
const pollCertificate = 15 * time.Second

// CertManagerOptions configure a CertManager source.
type CertManagerOptions struct {
	FilesOptions
	Client dynamic.Interface
	// Namespace and Name identify the cert-manager.io/v1 Certificate behind the files.
	Namespace, Name string
}

// CertManager serves from files, like Files, and explains their state from the Certificate. It needs permission to
// get, list and watch the Certificate, and to get CertificateRequests in its namespace. Without these permissions
// it still serves, but explains less.
type CertManager struct {
	*Files
	options  CertManagerOptions
	triggers chan struct{}

	mu      sync.Mutex // guards the two halves of the condition
	fault   *fault
	because explanation
}

// NewCertManager checks the options and reads the files for the first time.
func NewCertManager(o CertManagerOptions) (*CertManager, error) {
	if o.Client == nil || o.Namespace == "" || o.Name == "" {
		return nil, errors.New("cert-manager certificate: client, and namespace and name of the Certificate are needed")
	}
	files, err := NewFiles(o.FilesOptions)
	if err != nil {
		return nil, err
	}
	c := &CertManager{Files: files, options: o, triggers: make(chan struct{}, 1)}
	c.because = explanation{reason: ReasonStarting, message: "The Certificate has not been read yet."}
	files.checked = func(bad *fault) { c.update(func() { c.fault = bad }) }
	files.reload()
	return c, nil
}

// Run implements Source.
func (c *CertManager) Run(ctx context.Context) error {
	var files sync.WaitGroup
	defer files.Wait()
	files.Go(func() { _ = c.Files.Run(ctx) }) // returns nil only
	c.followCertificate(ctx)
	return nil
}

// followCertificate reads the Certificate, at each change and at intervals, until ctx ends.
func (c *CertManager) followCertificate(ctx context.Context) {
	var watch sync.WaitGroup
	defer watch.Wait()
	watch.Go(func() {
		n := c.certificateWatch()
		n.follow(ctx, c.trigger, n.logTrouble(c.log))
	})
	for {
		because := explain(c.find(ctx))
		if ctx.Err() != nil {
			return
		}
		c.update(func() { c.because = because })
		wait := pollCertificate
		if because.reason == ReasonOK {
			wait = recheck
		}
		timer := c.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-c.triggers:
		case <-timer.C():
		}
		timer.Stop()
	}
}

func (c *CertManager) trigger() {
	select {
	case c.triggers <- struct{}{}:
	default: // a check is already due
	}
}

func (c *CertManager) update(set func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set()
	c.report(merge(c.condition(c.fault), c.fault, c.because))
}

func (c *CertManager) certificateWatch() named {
	api := c.options.Client.Resource(cmv1.SchemeGroupVersion.WithResource("certificates")).Namespace(c.options.Namespace)
	return named{
		what: "Certificate", name: c.options.Name, example: &unstructured.Unstructured{}, client: c.options.Client,
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, o) },
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) { return api.Watch(ctx, o) },
	}
}

// finding contains the Certificate and its request, as read.
type finding struct {
	namespace, name string
	certificate     *cmv1.Certificate
	// request is the pending CertificateRequest; nil if there is none, or reading it is forbidden.
	request *cmv1.CertificateRequest
	err     error
}

func (c *CertManager) find(ctx context.Context) finding {
	f := finding{namespace: c.options.Namespace, name: c.options.Name}
	var certificate cmv1.Certificate
	if f.err = c.read(ctx, "certificates", f.name, &certificate); f.err != nil {
		return f
	}
	f.certificate = &certificate
	// cert-manager names requests after the Certificate and its next revision (feature
	// StableCertificateRequestName, on by default). Names that it must shorten are not looked up.
	revision := 1
	if certificate.Status.Revision != nil {
		revision += *certificate.Status.Revision
	}
	var request cmv1.CertificateRequest
	if c.read(ctx, "certificaterequests", fmt.Sprintf("%s-%d", f.name, revision), &request) == nil {
		f.request = &request
	}
	return f
}

func (c *CertManager) read(ctx context.Context, resource, name string, into any) error {
	api := c.options.Client.Resource(cmv1.SchemeGroupVersion.WithResource(resource)).Namespace(c.options.Namespace)
	object, err := api.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		return fmt.Errorf("decode %s %s: %w", resource, name, err)
	}
	return nil
}
