// Package inventory counts the goods in stock, over gRPC (package inventorypb).
package inventory
