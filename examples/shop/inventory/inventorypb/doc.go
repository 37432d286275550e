// Package inventorypb is the gRPC interface of the inventory. It is generated from inventory.proto by protoc,
// protoc-gen-go and protoc-gen-go-grpc, which must be on the PATH for go generate.
package inventorypb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative inventory.proto
