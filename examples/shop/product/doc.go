// Package product is the catalogue of products and prices, over HTTP.
package product
