// Package inventory tracks the goods in stock, over gRPC (package inventorypb).
package inventory
