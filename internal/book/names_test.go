package book

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNames: each exported name of package engine, fields too, is in an example or on a page of the book.
func TestNames(t *testing.T) {
	words := make(map[string]bool)
	for _, text := range shown(t) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
			words[word] = true
		}
	}
	for _, name := range exported(t, filepath.Join(root, "engine")) {
		if !words[name[strings.LastIndexByte(name, '.')+1:]] {
			t.Errorf("engine.%s is in no example and on no page", name)
		}
	}
}

// shown returns the text of all pages and examples.
func shown(t *testing.T) (texts []string) {
	for _, page := range pages(t) {
		texts = append(texts, read(t, page))
	}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		if strings.HasPrefix(path, filepath.Join(root, "examples")) || strings.HasPrefix(entry.Name(), "example") {
			text, err := os.ReadFile(path)
			texts = append(texts, string(text))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// exported returns the exported names of a package: what it declares, methods, and fields of structs.
func exported(t *testing.T, dir string) (names []string) {
	add := func(prefix string, idents ...*ast.Ident) {
		for _, ident := range idents {
			if ident.IsExported() {
				names = append(names, prefix+ident.Name)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if of := receiver(decl); of == "" || ast.IsExported(of) {
					add(strings.TrimPrefix(of+".", "."), decl.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						add("", spec.Names...)
					case *ast.TypeSpec:
						add("", spec.Name)
						if s, ok := spec.Type.(*ast.StructType); ok && spec.Name.IsExported() {
							for _, field := range s.Fields.List {
								add(spec.Name.Name+".", field.Names...)
							}
						}
					}
				}
			}
		}
	}
	// What other packages of the standard library call is not called by users.
	return slices.DeleteFunc(names, func(name string) bool {
		switch name[strings.LastIndexByte(name, '.')+1:] {
		case "Error", "Unwrap", "String", "Format", "LogValue", "MarshalText", "MarshalJSON", "GoString", "UnmarshalText":
			return true
		}
		return false
	})
}

// receiver returns the name of a method's type, "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	return of.(*ast.Ident).Name
}
