// Package mesh tests Telepod together with the injectors of Istio and Dapr, built from their Go modules.
package mesh
