package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/webhook"
	"github.com/telepod/telepod/webhook/certs"
)

// Sources of the serving certificate.
const (
	certificatesSelfManaged = "self-managed"
	certificatesCertManager = "cert-manager"
	certificatesFiles       = "files"
)

// IP families of the nodes' addresses.
const (
	familyAuto = "auto"
	familyIPv4 = "ipv4"
	familyIPv6 = "ipv6"
)

func (f *webhookFlags) options(log *slog.Logger) (webhook.Options, error) {
	facts, err := f.allFacts()
	if err != nil {
		return webhook.Options{}, err
	}
	config, err := f.restConfig()
	if err != nil {
		return webhook.Options{}, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return webhook.Options{}, fmt.Errorf("connect to the cluster: %w", err)
	}
	namespaces, err := metadata.NewForConfig(config)
	if err != nil {
		return webhook.Options{}, fmt.Errorf("connect to the cluster: %w", err)
	}
	source, err := f.source(config, client, log)
	if err != nil {
		return webhook.Options{}, err
	}
	protected := slices.Clone(f.protected)
	if f.namespace != "" && !slices.Contains(protected, f.namespace) {
		protected = append(protected, f.namespace)
	}
	return webhook.Options{
		Injector: injector.Options{
			Policy:         injector.Policy{InjectByDefault: f.injectByDefault, ProtectedNamespaces: protected},
			DefaultProfile: f.profile, Strict: f.strict,
		},
		Capabilities: f.capabilities(), Facts: facts, ProfilesDir: f.profilesDir,
		Address:        net.JoinHostPort(f.host, strconv.Itoa(f.port)),
		MetricsAddress: f.metricsAddress, HealthAddress: f.healthAddr, DrainDelay: f.drainDelay,
		WatchConfigMaps: f.watchConfigMaps,
		Certificates:    source, Kubernetes: client, Metadata: namespaces,
		Log: log, Version: buildVersion(),
	}, nil
}

func (f *webhookFlags) capabilities() injector.Capabilities {
	// In a cluster this variable is the API server's address, in the cluster's primary IP family.
	found := strings.Contains(os.Getenv("KUBERNETES_SERVICE_HOST"), ":")
	return injector.Capabilities{
		NativeSidecars: injector.Choice(f.nativeSidecars.value), TopologyLabels: injector.Choice(f.topologyLabels.value),
		NodeIPv6: f.nodeIPFamily.value == familyIPv6 || f.nodeIPFamily.value == familyAuto && found,
	}
}

func (f *webhookFlags) restConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", f.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w: outside a cluster, use --kubeconfig", err)
	}
	config.UserAgent = "telepod/" + buildVersion()
	return config, nil
}

// source returns the source of the serving certificate that the flags select.
func (f *webhookFlags) source(config *rest.Config, client kubernetes.Interface, log *slog.Logger) (certs.Source, error) {
	files := certs.FilesOptions{Dir: f.certificateDir, Log: log}
	if f.serviceName != "" && f.namespace != "" {
		files.Names = certs.ServiceNames(f.serviceName, f.namespace)[:1]
	}
	switch f.certificates.value {
	case certificatesSelfManaged:
		if f.namespace == "" || f.serviceName == "" || f.certificateSecret == "" {
			return nil, errors.New("--certificates=self-managed requires --namespace, --service-name and --certificate-secret")
		}
		o := certs.SelfManagedOptions{Client: client, Namespace: f.namespace, SecretName: f.certificateSecret,
			ServiceName: f.serviceName, ExtraNames: f.extraNames, Paths: webhook.Paths(), Log: log}
		if f.webhookConfiguration != "" {
			o.MutatingWebhooks = []string{f.webhookConfiguration}
		}
		return certs.NewSelfManaged(o)
	case certificatesCertManager:
		if f.namespace == "" || f.certificateName == "" || f.certificateDir == "" {
			return nil, errors.New("--certificates=cert-manager requires --namespace, --certificate-name and --certificate-dir")
		}
		objects, err := dynamic.NewForConfig(config)
		if err != nil {
			return nil, fmt.Errorf("connect to the cluster: %w", err)
		}
		return certs.NewCertManager(certs.CertManagerOptions{FilesOptions: files, Client: objects,
			Namespace: f.namespace, Name: f.certificateName})
	}
	if f.certificateDir == "" {
		return nil, errors.New("--certificates=files requires --certificate-dir")
	}
	return certs.NewFiles(files)
}
