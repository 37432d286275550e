package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/webhook"
)

// webhookFlags are the flags of `telepod webhook` as given.
type webhookFlags struct {
	profile, profilesDir, factsFile string
	facts                           profiles.Facts
	injectByDefault, strict         bool
	watchConfigMaps                 bool
	namespace                       string
	protected                       []string

	port                             int
	host, metricsAddress, healthAddr string
	drainDelay                       time.Duration

	certificates                                       *choice
	certificateDir, certificateSecret, certificateName string
	extraNames                                         []string
	serviceName, webhookConfiguration                  string

	nativeSidecars, topologyLabels, nodeIPFamily *choice
	kubeconfig                                   string
	logLevel, logFormat                          *choice
}

const webhookLong = `Serve the mutating admission webhook.

The API server calls /mutate/namespace for pods of opted-in namespaces, and /mutate for pods that request injection
themselves. With self-managed certificates, a webhook configuration without a path gets one of these with a secret prefix.
/healthz and /readyz?verbose on the health address, and /metrics on the metrics address, report its state. The standard
variables, such as OTEL_EXPORTER_OTLP_ENDPOINT, configure its own traces and metrics.

On SIGTERM it becomes unready immediately, answers requests for the drain delay, and exits once the last request is done.
A second signal ends it immediately.`

const webhookExample = `  # As the chart runs it.
  telepod webhook --profile aws --region us-east-1 --cluster prod-use1 \
    --service-name telepod-injector --webhook-configuration telepod-injector --certificate-secret telepod-injector-tls

  # Outside the cluster, called by URL.
  telepod webhook --kubeconfig ~/.kube/config --cluster dev --namespace default \
    --service-name telepod --certificate-secret telepod-tls --certificate-extra-names localhost \
    --webhook-configuration telepod`

func newWebhookCommand() *cobra.Command {
	f := &webhookFlags{}
	cmd := &cobra.Command{
		Use:     "webhook",
		Short:   "Serve the admission webhook",
		Long:    webhookLong,
		Example: webhookExample,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	f.register(cmd.Flags())
	f.registerChoices(cmd)
	return cmd
}

func (f *webhookFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.profile, "profile", "base", "profile of pods without an annotation that sets one")
	flags.StringVar(&f.profilesDir, "profiles-dir", "", "directory with more profiles, reloaded on change")
	registerFacts(flags, &f.facts)
	flags.StringVar(&f.factsFile, "facts-file", "", "YAML file with region, account, cluster and environment; flags and environment variables take precedence")
	flags.BoolVar(&f.injectByDefault, "inject-by-default", false, "inject pods if neither pod nor namespace opts in or out")
	flags.BoolVar(&f.strict, "strict", false, "refuse pods with invalid annotations instead of warning")
	flags.BoolVar(&f.watchConfigMaps, "watch-configmaps", true, "watch the keys of ConfigMaps, so that variables from envFrom are not overridden")
	flags.StringVar(&f.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "Telepod's own namespace, which is never injected (POD_NAMESPACE)")
	flags.StringSliceVar(&f.protected, "protected-namespaces", []string{"kube-system"}, "namespaces that are never injected")

	flags.StringVar(&f.host, "host", "", "address to serve the webhook on; empty means all")
	flags.IntVar(&f.port, "port", 9443, "port to serve the webhook on")
	flags.StringVar(&f.metricsAddress, "metrics-address", ":8080", "address of /metrics; empty disables it")
	flags.StringVar(&f.healthAddr, "health-address", ":8081", "address of /healthz and /readyz; empty disables them")
	flags.DurationVar(&f.drainDelay, "drain-delay", 5*time.Second, "time to continue serving after SIGTERM, until endpoints are updated")

	flags.StringVar(&f.certificateDir, "certificate-dir", "", "directory with tls.crt and tls.key (cert-manager, files)")
	flags.StringVar(&f.certificateSecret, "certificate-secret", "", "Secret that replicas share (self-managed)")
	flags.StringVar(&f.certificateName, "certificate-name", "", "cert-manager Certificate behind the files (cert-manager)")
	flags.StringSliceVar(&f.extraNames, "certificate-extra-names", nil, "more DNS names for the certificate (self-managed)")
	flags.StringVar(&f.serviceName, "service-name", "", "Service through which API servers reach the webhook")
	flags.StringVar(&f.webhookConfiguration, "webhook-configuration", "", "MutatingWebhookConfiguration whose caBundle is kept up to date (self-managed)")

	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file, to run outside the cluster")
}

func (f *webhookFlags) registerChoices(cmd *cobra.Command) {
	add := func(name, usage string, words ...string) *choice {
		c := &choice{value: words[0], words: words}
		cmd.Flags().Var(c, name, usage)
		completeFlag(cmd, name, func(*cobra.Command) []string { return words })
		return c
	}
	f.certificates = add("certificates", "origin of the serving certificate",
		certificatesSelfManaged, certificatesCertManager, certificatesFiles)
	f.nativeSidecars = add("native-sidecars", "whether the cluster has native sidecars; auto: 1.29 and later",
		string(injector.Auto), string(injector.Always), string(injector.Never))
	f.topologyLabels = add("topology-labels", "whether pods get their node's topology labels; auto: 1.35 and later",
		string(injector.Auto), string(injector.Always), string(injector.Never))
	f.nodeIPFamily = add("node-ip-family", "IP family of the nodes' addresses; auto: same as the API server's",
		familyAuto, familyIPv4, familyIPv6)
	f.logLevel = add("log-level", "minimum level to log", "info", "debug", "warn", "error")
	f.logFormat = add("log-format", "format of the log", "json", "text")
}

func (f *webhookFlags) run(ctx context.Context, stderr io.Writer) error {
	log, err := newLogger(stderr, f.logLevel.value, f.logFormat.value)
	if err != nil {
		return err
	}
	routeLogs(log)
	options, err := f.options(log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	server, err := webhook.New(ctx, options)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, stop) // restore the default action of signals
	return server.Run(ctx)
}
