// Package mesh runs Istio's own sidecar injector, built from its Go module, on the pods that Telepod injects.
package mesh
