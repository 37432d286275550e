// Program istio runs Istio's sidecar injector without a cluster: it reads an AdmissionReview from each line of standard
// input, and writes the response to standard output. Its configuration comes from istiod's rendered chart.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	meshapi "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/operator/pkg/render"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/kube/multicluster"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "istio:", err)
		os.Exit(1)
	}
}

func run() error {
	injector, err := newInjector()
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil // end of the input
		}
		request := httptest.NewRequest(http.MethodPost, "/inject", bytes.NewReader(line))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		injector.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			return fmt.Errorf("status %d: %s", answer.Code, answer.Body)
		}
		fmt.Println(string(bytes.TrimSpace(answer.Body.Bytes())))
	}
}

// newInjector creates the handler of istiod's webhook.
func newInjector() (http.Handler, error) {
	config, err := rendered()
	if err != nil {
		return nil, err
	}
	environment := &model.Environment{Watcher: meshwatcher.NewTestWatcher(config.mesh), ConfigStore: model.NewFakeStore()}
	environment.SetPushContext(&model.PushContext{ProxyConfigs: model.GetProxyConfigs(environment.ConfigStore, config.mesh)})
	mux := http.NewServeMux()
	_, err = inject.NewWebhook(inject.WebhookParameters{Watcher: config, Env: environment, Mux: mux, MultiCluster: multicluster.NewFakeController()})
	return mux, err
}

// configuration is an inject.Watcher with a constant configuration.
type configuration struct {
	inject inject.Config
	values string
	mesh   *meshapi.MeshConfig
}

func (*configuration) SetHandler(func(*inject.Config, string) error) {}
func (*configuration) Run(<-chan struct{})                           {}
func (c *configuration) Get() (*inject.Config, string, error)        { return &c.inject, c.values, nil }

// rendered parses the ConfigMaps of a rendered istiod chart.
func rendered() (*configuration, error) {
	sets, _, err := render.GenerateManifest(nil, []string{"profile=empty", "components.pilot.enabled=true"}, false, nil, nil)
	if err != nil {
		return nil, err
	}
	c := &configuration{}
	for _, set := range sets {
		for _, object := range set.Manifests {
			data, ok := object.Object["data"].(map[string]any)
			if !ok || object.GetKind() != "ConfigMap" {
				continue
			}
			text := func(key string) string { value, _ := data[key].(string); return value }
			switch object.GetName() {
			case "istio-sidecar-injector":
				c.values = text("values")
				if c.inject, err = inject.UnmarshalConfig([]byte(text("config"))); err != nil {
					return nil, err
				}
			case "istio":
				if c.mesh, err = mesh.ApplyMeshConfig(text("mesh"), mesh.DefaultMeshConfig()); err != nil {
					return nil, err
				}
			}
		}
	}
	if c.mesh == nil || c.values == "" {
		return nil, errors.New("the chart of istiod rendered no configuration for its injector")
	}
	return c, nil
}
