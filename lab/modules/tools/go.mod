module plinth.local/tools

go 1.24
