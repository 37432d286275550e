// Program dapr runs Dapr's sidecar injector without a cluster: it reads an AdmissionReview from each line of standard input,
// and writes the response to standard output.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/dapr/dapr/pkg/client/clientset/versioned/fake"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/injector/service"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubefake "k8s.io/client-go/kubernetes/fake"
)

const controlPlane = "dapr-system"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dapr:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	client, url, err := serve(ctx)
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil // end of the input
		}
		answer, err := client.Post(url, "application/json", bytes.NewReader(line))
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %s: %w", answer.StatusCode, body, err)
		}
		fmt.Println(string(bytes.TrimSpace(body)))
	}
}

// serve starts the injector and returns a client and the URL of its webhook.
func serve(ctx context.Context) (*http.Client, string, error) {
	certificate := httptest.NewTLSServer(nil) // only for its certificate, and a client that trusts it
	certificate.Config.Close()
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	config := service.NewConfigWithDefaults()
	config.SidecarImage, config.Namespace, config.KubeClusterDomain = "daprd:1", controlPlane, "cluster.local"
	// The injector counts the replicas of Dapr's scheduler when it starts.
	scheduler := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: controlPlane, Name: "dapr-scheduler-server"},
		Spec:       appsv1.StatefulSetSpec{Replicas: new(int32)},
	}
	health := healthz.New()
	injector, err := service.NewInjector(service.Options{
		Config: config, Port: port, ControlPlaneNamespace: controlPlane, ControlPlaneTrustDomain: "cluster.local",
		KubeClient: kubefake.NewSimpleClientset(scheduler), DaprClient: fake.NewSimpleClientset(), Healthz: health,
	})
	if err != nil {
		return nil, "", err
	}
	ended := make(chan error, 1)
	go func() {
		authority := spiffeid.RequireFromString("spiffe://cluster.local/ns/" + controlPlane + "/dapr-sentry")
		roots := func(context.Context) ([]byte, error) { return []byte("roots"), nil }
		ended <- injector.Run(ctx, certificate.TLS, authority, roots)
	}()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return certificate.Client(), "https://" + address + "/mutate", connection.Close()
		}
		select {
		case err := <-ended:
			return nil, "", err
		default:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
