// Package mesh runs the injectors of others, Istio's and Dapr's, built from their Go modules, on the pods that Telepod
// injects.
package mesh
