// Package product is the catalogue: what there is, and at which price, over HTTP.
package product
