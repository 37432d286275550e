//go:build linux

package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/telepod/telepod/test/cluster/layout"
)

// api calls the API server as administrator. A kubectl process for each request would slow down the
// cluster's start.
type api struct {
	server string
	client *http.Client
}

func newAPI(p layout.Plan) (*api, error) {
	cert, err := tls.LoadX509KeyPair(p.PKI("admin.crt"), p.PKI("admin.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(p.PKI("ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}
	return &api{server: p.Server(), client: &http.Client{Transport: transport}}, nil
}

// await retries until the answer is 200.
func (a *api) await(ctx context.Context, url string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := a.get(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last answer: %w)", url, context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

func (a *api) get(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return a.do(ctx, http.MethodGet, url, nil)
}

func (a *api) do(ctx context.Context, method, url string, body any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, url, &content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, answer)
	}
	return nil
}

// awaitNodes watches until the nodes are ready.
func (a *api) awaitNodes(ctx context.Context, names []string) error {
	waiting := map[string]bool{}
	for _, name := range names {
		waiting[name] = true
	}
	for len(waiting) > 0 {
		if err := a.watchNodes(ctx, waiting); err != nil && ctx.Err() != nil {
			return fmt.Errorf("wait for nodes %v to be ready: %w", slices.Sorted(maps.Keys(waiting)), context.Cause(ctx))
		}
	}
	return nil
}

// watchNodes removes ready nodes from waiting until it is empty or the watch ends.
func (a *api) watchNodes(ctx context.Context, waiting map[string]bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server+"/api/v1/nodes?watch=true", nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	events := json.NewDecoder(response.Body)
	for len(waiting) > 0 {
		var e struct {
			Object struct {
				Metadata struct{ Name string }
				Status   struct {
					Conditions []struct{ Type, Status string }
				}
			}
		}
		if err := events.Decode(&e); err != nil {
			return err
		}
		for _, c := range e.Object.Status.Conditions {
			if c.Type == "Ready" && c.Status == "True" {
				delete(waiting, e.Object.Metadata.Name)
			}
		}
	}
	return nil
}

// publishDNS creates the DNS Service. CoreDNS runs as a process on node 1, not in a pod.
func (a *api) publishDNS(ctx context.Context, addresses layout.Addresses) error {
	family, node := "IPv4", addresses.Node(1).Addr().String()
	if addresses.IPv6 {
		family = "IPv6"
	}
	ports := []any{
		map[string]any{"name": "dns", "port": 53, "protocol": "UDP"},
		map[string]any{"name": "dns-tcp", "port": 53, "protocol": "TCP"},
	}
	err := a.do(ctx, http.MethodPost, a.server+"/api/v1/namespaces/kube-system/services", map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "kube-dns", "namespace": "kube-system"},
		"spec":     map[string]any{"clusterIP": addresses.DNS().String(), "ports": ports},
	})
	if err != nil {
		return fmt.Errorf("create the DNS Service: %w", err)
	}
	endpoints := a.server + "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
	err = a.do(ctx, http.MethodPost, endpoints, map[string]any{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata":    map[string]any{"name": "kube-dns", "namespace": "kube-system", "labels": map[string]any{"kubernetes.io/service-name": "kube-dns"}},
		"addressType": family,
		"endpoints":   []any{map[string]any{"addresses": []string{node}}},
		"ports":       ports,
	})
	if err != nil {
		return fmt.Errorf("create the EndpointSlice of DNS: %w", err)
	}
	return nil
}
